import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '@repoformer/domain';
import type { HoleRecord } from '@repoformer/dataset';
import type { FitLabel, FitRecord } from './to-fit-table.js';

/** What is on disk of a dataset and one of its label runs. */
export interface LabelledHoles {
  readonly holes: readonly FitRecord[];
  /** By the hole's id. */
  readonly labels: ReadonlyMap<string, FitLabel>;
  readonly generator: { readonly name: string; readonly sha256?: string };
  /** Tokens of the labels' read-outs, where the run says which they are. */
  readonly readoutTokens?: readonly number[];
}

/**
 * Reads the holes of a dataset and the labels of one run over them.
 *
 * @param dataset folder that `repoformer-dataset build` made
 * @param run folder that `repoformer-dataset label` made
 * @throws AppError naming the file, and the line, that cannot be read
 */
export async function readLabelledHoles(dataset: string, run: string): Promise<LabelledHoles> {
  const holes = await readAll(join(dataset, 'holes'), /\.jsonl$/, isHole, toFitRecord);
  const labels = await readAll(run, /^labels-.*\.jsonl$/, isLabel, (label) => label);
  const path = join(run, 'run.json');
  const description = parse(
    await readFile(path, 'utf8').catch((error: unknown) => unreadable(path, error)),
  ) as
    | {
        readonly model?: { readonly name?: unknown; readonly sha256?: unknown };
        readonly readoutTokens?: unknown;
      }
    | undefined;
  const { name, sha256 } = description?.model ?? {};
  if (typeof name !== 'string') return refuse(path, 'does not describe a label run');
  const tokens = description?.readoutTokens;
  return {
    holes,
    // Of two labels of one hole the later one counts.
    labels: new Map(labels.map((label) => [label.id, label])),
    generator: { name, ...(typeof sha256 === 'string' && { sha256 }) },
    ...(Array.isArray(tokens) && tokens.every(Number.isInteger) && { readoutTokens: tokens as number[] }),
  };
}

async function readAll<T, R>(
  folder: string,
  pattern: RegExp,
  is: (value: unknown) => value is T,
  keep: (record: T) => R,
): Promise<R[]> {
  const names = await readdir(folder).catch((error: unknown) => unreadable(folder, error));
  const records: R[] = [];
  for (const name of names.filter((each) => pattern.test(each)).sort()) {
    const path = join(folder, name);
    let number = 0;
    let unread: string | undefined;
    const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
    for await (const line of lines) {
      // A line that breaks off is that of a writer that died, if it is the last.
      if (unread !== undefined) refuse(path, unread);
      number++;
      if (line.trim() === '') continue;
      const value = parse(line);
      if (value === undefined) unread = `line ${number} is not JSON`;
      else if (is(value)) records.push(keep(value));
      else refuse(path, `line ${number} is no record of this version`);
    }
  }
  if (records.length === 0) refuse(folder, 'holds no records');
  return records;
}

function isHole(value: unknown): value is HoleRecord {
  const hole = value as Partial<HoleRecord> | null;
  return (
    hole?.schema === 1 &&
    typeof hole.id === 'string' &&
    Array.isArray(hole.features?.hole) &&
    hole.context !== undefined
  );
}

/** Without the texts, which would fill the memory. */
function toFitRecord({ id, repository, split, language, features, context }: HoleRecord): FitRecord {
  const { source, queriedWithMiddle } = context;
  return { id, repository, split, language, features, context: { source, queriedWithMiddle } };
}

function isLabel(value: unknown): value is FitLabel & { readonly id: string } {
  const label = value as (Partial<FitLabel> & { schema?: unknown; id?: unknown }) | null;
  return (
    label?.schema === 1 &&
    typeof label.id === 'string' &&
    Array.isArray(label.variants) &&
    label.variants.length > 0 &&
    label.probes !== undefined
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refuse(path: string, problem: string): never {
  throw new AppError({
    kind: 'failed_precondition',
    reason: 'CONFIG_INVALID',
    message: `${path}: ${problem}; make it with \`repoformer-dataset\` of this version`,
  });
}

function unreadable(path: string, cause: unknown): never {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  throw new AppError({
    kind: code === 'ENOENT' ? 'not_found' : 'unavailable',
    reason: 'CONFIG_INVALID',
    message:
      code === 'ENOENT' ? `${path}: there is no such file or folder` : `${path}: cannot be read (${code})`,
    cause,
  });
}
