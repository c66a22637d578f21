import { AppError } from '@repoformer/domain';
import type { ModelEntry } from './catalog-entry.js';
import { CATALOG_SCHEMA } from './catalog-schema.js';
import { validate } from './json-schema.js';

/** The name that stands for the entry marked `default`. */
export const DEFAULT_MODEL = 'default';

const SHOWN_PROBLEMS = 5;

/**
 * Parses the text of a `catalog.json`.
 *
 * @param origin the file's path, for messages.
 * @throws AppError failed_precondition/CONFIG_INVALID naming each problem and where it is.
 */
export function parseCatalog(text: string, origin: string): ModelEntry[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw invalid(origin, ['it is not JSON'], cause);
  }
  const problems = validate(CATALOG_SCHEMA, document);
  if (problems.length > 0) throw invalid(origin, problems);
  const { models } = document as { models: ModelEntry[] };
  const inconsistent = models.flatMap(checkEntry);
  const taken = {
    name: models.map(({ name }) => name),
    file: models.flatMap(({ file, merged }) => (merged ? [file, merged.file] : [file])),
  };
  for (const [key, values] of Object.entries(taken)) {
    const seen = new Set<string>();
    for (const value of values) {
      // Some file systems do not tell upper from lower case.
      if (seen.has(value.toLowerCase())) inconsistent.push(`two models have the ${key} "${value}"`);
      seen.add(value.toLowerCase());
    }
  }
  if (models.filter((one) => one.default).length > 1) inconsistent.push('two models are the default');
  if (inconsistent.length > 0) throw invalid(origin, inconsistent);
  return models;
}

/** What a schema cannot say. */
function checkEntry(entry: ModelEntry): string[] {
  const problems: string[] = [];
  if (entry.name === DEFAULT_MODEL) problems.push(`"${DEFAULT_MODEL}" is reserved`);
  if (entry.name.endsWith('.gguf')) problems.push(`${entry.name}: a name must not look like a file`);
  for (const source of entry.sources) {
    if (source.kind !== 'wheels') continue;
    const total = source.parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    if (total !== entry.sizeBytes) {
      problems.push(`${entry.name}: its wheels hold ${total} bytes, the file ${entry.sizeBytes}`);
    }
  }
  if (entry.adapters.some(({ file }) => file === entry.file)) {
    problems.push(`${entry.name}: a model cannot be its own adapter`);
  }
  if (entry.merged && entry.adapters.length === 0) {
    problems.push(`${entry.name}: it has no adapter to be merged with`);
  }
  return problems;
}

function invalid(origin: string, problems: readonly string[], cause?: unknown): AppError {
  const more = problems.length - SHOWN_PROBLEMS;
  return new AppError({
    kind: 'failed_precondition',
    reason: 'CONFIG_INVALID',
    message:
      `model catalogue ${origin}: ${problems.slice(0, SHOWN_PROBLEMS).join('; ')}` +
      (more > 0 ? `; and ${more} more` : ''),
    cause,
  });
}
