import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, type CopyRule } from '@repoformer/domain';
import { fileDigest } from '../files/file-digest.js';
import { fileError } from '../files/jsonl.js';
import { writeChanged } from '../files/write-whole.js';
import type { LabelModel } from './open-label-model.js';
import { readoutTokens } from './readout-tokens.js';
import type { RunSettings } from './run-settings.js';
import { TorchLanguageModel } from './torch-model.js';

/** What labels depend on besides the holes: the model's files, the prompt's form and the settings. */
export interface LabelRun {
  readonly schema: 1;
  readonly model: {
    readonly name: string;
    readonly sha256: string;
    readonly adapters: readonly { readonly sha256: string; readonly scale: number }[];
  };
  /** What evaluated it, where that was not llama.cpp: numbers differ in the third digit, milliseconds mean nothing. */
  readonly engine?: 'pytorch-bfloat16';
  /** How it was helped along to copy; absent: not at all. */
  readonly copying?: CopyRule;
  readonly family: string;
  readonly placement: string;
  /** Order of the chunks in the prompt. */
  readonly order: 'best-first' | 'best-last';
  readonly chunkTemplate: string;
  readonly settings: RunSettings;
  /** Whose log-probabilities the probes' read-outs hold, in their order. */
  readonly readoutTokens: readonly number[];
}

/** Describes a run. Reads the model's files to know them by content. */
export async function describeLabelRun(
  { spec, format, model }: LabelModel,
  settings: RunSettings,
): Promise<LabelRun> {
  const adapters = [];
  for (const { path, scale } of spec.adapters) adapters.push({ sha256: await fileDigest(path), scale });
  const { order, template } = format.withContext.chunk;
  return {
    schema: 1,
    model: { name: spec.name, sha256: await fileDigest(spec.path), adapters },
    ...(model instanceof TorchLanguageModel && { engine: 'pytorch-bfloat16' }),
    ...(model.info.copying && { copying: model.info.copying }),
    family: format.family,
    placement: format.placement,
    order,
    chunkTemplate: template,
    settings,
    readoutTokens: readoutTokens(model.info),
  };
}

/** Name of a run's folder: equal exactly for runs whose labels mean the same. */
export function labelRunKey(run: LabelRun): string {
  const { name, ...content } = run.model;
  const digest = createHash('sha256').update(canonicalJson({ ...run, model: content }));
  return `${name.replace(/[^\w.-]/g, '_')}-${digest.digest('hex').slice(0, 12)}`;
}

/**
 * Creates a run's folder, with `run.json` that says what it is: at every moment whole, whoever else starts or dies.
 *
 * @returns its path
 * @throws AppError what the disk reports
 */
export async function openLabelRun(labelsDirectory: string, run: LabelRun): Promise<string> {
  const directory = join(labelsDirectory, labelRunKey(run));
  await writeChanged(join(directory, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
  return directory;
}

/** @throws AppError failed_precondition when the folder is not a label run of this version */
export async function readLabelRun(directory: string): Promise<LabelRun> {
  const path = join(directory, 'run.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(path, error);
  });
  const run = parseJson(text) as Partial<LabelRun> | undefined;
  if (run?.schema === 1 && run.model && run.settings) return run as LabelRun;
  throw new AppError({
    kind: 'failed_precondition',
    reason: 'CONFIG_INVALID',
    message: `${path} does not describe labels of this version; name a folder that \`repoformer-dataset label\` made`,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** JSON with sorted keys. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
