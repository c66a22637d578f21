import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isCancellation, throwIfAborted } from '@repoformer/domain';
import { cutToLines, editSimilarity, exactMatch, nonBlankLines } from '@repoformer/metrics';
import { fileError, JsonlWriter, PACKED, readJsonl } from '../files/jsonl.js';
import { tryLock } from '../files/work-lock.js';
import type { HoleRecord } from '../record.js';
import { shardOf } from '../shard-of.js';
import type { HoleRun, Variant } from './hole-run.js';
import type { HoleRunner } from './hole-runner.js';
import { parseLabelRecord, type LabelledVariant, type LabelRecord } from './label-record.js';

export interface LabelProgress {
  /** Labelled by this call, labelled before it, and all there are to label. */
  readonly done: number;
  readonly known: number;
  readonly total: number;
  /** Holes a second since the start; undefined before the first. */
  readonly rate: number | undefined;
}

export interface LabelOptions {
  /** A run's folder, from `openLabelRun`. */
  readonly directory: string;
  /** Holes are spread over this many files, by their ids; a file is one process's work. Default 16. */
  readonly shards?: number;
  /** Only this shard, counted from 0; default: each that nobody else is working on. */
  readonly shard?: number;
  /** Holes that are under way at a time. Default 1. */
  readonly parallel?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: LabelProgress) => void;
}

const DEFAULT_SHARDS = 16;

/**
 * Labels holes that have no label yet. A label is durable before another hole is begun in its place; processes that run side by
 * side work on different shards, and none labels what another file holds already, however it was sharded.
 *
 * @returns how many were labelled
 * @throws AppError what the model or the disk reports; what was labelled stays
 */
export async function labelHoles(
  holes: readonly HoleRecord[],
  runner: Pick<HoleRunner, 'run'>,
  { directory, shards = DEFAULT_SHARDS, shard, parallel = 1, signal, onProgress }: LabelOptions,
): Promise<number> {
  const inputs = inputDigests(holes);
  const known = await readLabels(directory, inputs);
  const isKnown = (hole: HoleRecord) => known.get(hole.id)?.input === inputs.get(hole.id);
  const lacking = holes.filter((hole) => !isKnown(hole));
  const startedAt = performance.now();
  let done = 0;
  const report = () => {
    const seconds = (performance.now() - startedAt) / 1000;
    onProgress?.({
      done,
      known: holes.length - lacking.length,
      total: holes.length,
      rate: done === 0 ? undefined : done / seconds,
    });
  };
  report();
  const numbers = shard === undefined ? Array.from({ length: shards }, (_, i) => i) : [shard];
  for (const number of numbers) {
    const wanted = lacking.filter(({ id }) => shardOf(id, shards) === number);
    if (wanted.length === 0) continue;
    const path = join(directory, `labels-${number}-of-${shards}.jsonl`);
    const lock = await tryLock(`${path}.lock`);
    if (!lock) continue;
    try {
      // Another process may have been here since the labels were read.
      const present = await readLabelFile(path);
      const writer = await JsonlWriter.open(path);
      try {
        const open = wanted.filter(({ id }) => present.get(id)?.input !== inputs.get(id));
        await eachInParallel(open, parallel, signal, async (hole, anySignal) => {
          const run = await runner.run(hole, hole.context.chunks, anySignal);
          await writer.append(toLabel(hole, inputs.get(hole.id)!, run));
          done++;
          report();
        });
      } finally {
        await writer.close();
      }
    } catch (error) {
      if (isCancellation(error)) return done;
      throw error;
    } finally {
      await lock.release();
    }
  }
  return done;
}

/** Works on so many items at a time, in order; where one fails, the others are given up and waited for. */
async function eachInParallel<T>(
  items: readonly T[],
  parallel: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const anySignal = AbortSignal.any([signal, failed.signal]);
  // Each item under way listens some times.
  setMaxListeners(0, anySignal);
  const errors: unknown[] = [];
  const left = items.values();
  const workUntilEmpty = async () => {
    try {
      for (const item of left) {
        throwIfAborted(anySignal);
        await work(item, anySignal);
      }
    } catch (error) {
      errors.push(error);
      failed.abort(error);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, workUntilEmpty));
  if (errors.length > 0) throw errors[0];
}

/**
 * All labels of a run by hole. Of two for one hole, the one of what the hole is now goes before the other, a later file
 * before an earlier one, and packed files are the earliest.
 *
 * @param inputs digests of the holes as they are now, by id; default: the later label is taken
 */
export async function readLabels(
  directory: string,
  inputs?: ReadonlyMap<string, string>,
): Promise<Map<string, LabelRecord>> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw fileError(directory, error);
  });
  const labels = new Map<string, LabelRecord>();
  const ofSuffix = (suffix: string) =>
    names.filter((name) => name.startsWith('labels-') && name.endsWith(suffix)).sort();
  for (const name of [...ofSuffix(`.jsonl${PACKED}`), ...ofSuffix('.jsonl')]) {
    for (const [id, label] of await readLabelFile(join(directory, name))) {
      const isFresh = (one: LabelRecord | undefined) => one !== undefined && one.input === inputs?.get(id);
      if (isFresh(label) || !isFresh(labels.get(id))) labels.set(id, label);
    }
  }
  return labels;
}

/** {@link inputDigest} of each hole by its id. */
export function inputDigests(holes: readonly HoleRecord[]): Map<string, string> {
  return new Map(holes.map((hole) => [hole.id, inputDigest(hole)]));
}

/** Digest of what of a hole a model is shown. */
export function inputDigest({ prefix, middle, suffix, path, language, kind, context }: HoleRecord): string {
  const chunks = context.chunks.map((chunk) => [chunk.path, chunk.text]);
  return createHash('sha256')
    .update(JSON.stringify([prefix, middle, suffix, path, language, kind, chunks]))
    .digest('hex')
    .slice(0, 16);
}

async function readLabelFile(path: string): Promise<Map<string, LabelRecord>> {
  const labels = new Map<string, LabelRecord>();
  try {
    for await (const label of readJsonl(path, parseLabelRecord)) labels.set(label.id, label);
  } catch (error) {
    const isMissing = (error as { kind?: string }).kind === 'not_found';
    if (!isMissing) throw error;
  }
  return labels;
}

function toLabel(hole: HoleRecord, input: string, { alone, ...run }: HoleRun): LabelRecord {
  return {
    schema: 1,
    id: hole.id,
    input,
    ...run,
    variants: run.variants.map((variant) => judged(hole, variant)) as [LabelledVariant, ...LabelledVariant[]],
    ...(alone && { alone: judged(hole, alone) }),
  };
}

/** A variant with how near its completion is to the truth. */
function judged({ kind, middle }: HoleRecord, variant: Variant): LabelledVariant {
  if (!variant.completion) return variant;
  const { text } = variant.completion;
  // Functions are ended by the stop rules alone; the others are cut as they were asked for.
  const prediction = kind === 'function' ? text : cutToLines(text, nonBlankLines(middle));
  return {
    ...variant,
    editSimilarity: editSimilarity(prediction, middle),
    exactMatch: exactMatch(prediction, middle),
  };
}
