import { configError } from './config-error.js';
import { isJsonObject, JsonSyntaxError, parseJson } from './parse-json.js';
import type { JsonNode } from './parse-json.js';
import { findOption, OPTION_TABLE } from './option-table.js';
import type { OptionRow } from './option.js';
import { closest } from './suggest.js';

/** A configuration file as the caller read it. */
export interface ConfigFile {
  /** Absolute; for messages, and what relative paths in it are relative to. */
  readonly path: string;
  readonly text: string;
}

export interface FileEntry {
  readonly row: OptionRow;
  readonly raw: unknown;
  /** 1-based. */
  readonly line: number;
}

/** Larger files are refused. */
const MAX_FILE_LENGTH = 256 * 1024;

/**
 * Reads a file's options without judging their values.
 *
 * @throws AppError invalid_argument/CONFIG_INVALID: bad JSON, an unknown option, or one that a repository's file
 * may not set.
 */
export function parseFile(file: ConfigFile, kind: 'user' | 'repository'): FileEntry[] {
  if (file.text.length > MAX_FILE_LENGTH) throw configError(file.path, 'is larger than 256 KiB');
  if (file.text.trim() === '') return [];
  let root: JsonNode;
  try {
    root = parseJson(file.text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw configError(`${file.path}:${error.line}:${error.column}`, `not valid JSON: ${error.message}`);
  }
  if (!isJsonObject(root.value)) {
    throw configError(`${file.path}:${root.line}:${root.column}`, 'must be a JSON object of options');
  }
  const entries: FileEntry[] = [];
  for (const { key, node } of root.value.members) {
    // The one key that is no option: where an editor finds the schema.
    if (key.value === '$schema') continue;
    const where = `${file.path}:${key.line}:${key.column}`;
    const row = findOption(key.value);
    if (row === undefined) throw configError(where, unknownOption(key.value));
    if (kind === 'repository' && row.scope !== 'repository') {
      throw configError(
        where,
        `${row.name} may not be set by a repository's file; set it by flag, environment or your own file`,
        row.name,
      );
    }
    entries.push({ row, raw: plain(node), line: node.line });
  }
  return entries;
}

function unknownOption(name: string): string {
  const names = OPTION_TABLE.map((row) => row.name);
  const meant = closest(name, names);
  const shown = JSON.stringify(name.slice(0, 64));
  return meant === undefined
    ? `unknown option ${shown}; "repoformer config show" lists them all`
    : `unknown option ${shown}; did you mean "${meant}"?`;
}

function plain(node: JsonNode): unknown {
  if (Array.isArray(node.value)) return (node.value as readonly JsonNode[]).map(plain);
  if (isJsonObject(node.value)) return {};
  return node.value;
}
