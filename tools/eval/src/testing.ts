import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DEFAULT_RUN_SETTINGS,
  inputDigest,
  type HoleKind,
  type HoleRecord,
  type LabelledVariant,
  type LabelRecord,
  type LabelRun,
} from '@repoformer/dataset';
import type { Chunk } from '@repoformer/domain';
import { editSimilarity, exactMatch } from '@repoformer/metrics';
import { CHUNK_FEATURES, FEATURES_VERSION, HOLE_FEATURES, type PolicyDocument } from '@repoformer/policy';
import { fitPolicy } from '@repoformer/policy-tool';

/** What a test cares about in a hole of a dataset and its label; everything else is filled in. */
export interface LabelSketch {
  readonly id: string;
  readonly repository?: string;
  readonly path?: string;
  readonly language?: string;
  readonly kind?: HoleKind;
  readonly prefix?: string;
  readonly middle?: string;
  readonly suffix?: string;
  /** What was completed with 0, 1, ... chunks; undefined: nothing was written there. */
  readonly completions: readonly (string | undefined)[];
  /** What was completed with nothing retrieved; absent: that is what completions begin with. */
  readonly alone?: string;
  readonly logLikelihoods?: readonly number[];
  /** Tokens of the truth; default 3. */
  readonly target?: number;
  readonly chunks?: readonly Chunk[];
}

/** A chunk of another file; for tests. */
export function sketchChunk(path: string, text: string, score = 0.5): Chunk {
  return { path, startLine: 0, endLine: text.split('\n').length, score, text };
}

/** A hole of the benchmark as a dataset holds it; for tests. */
export function sketchHoleRecord(sketch: LabelSketch): HoleRecord {
  const { prefix = 'y = 0\n', middle = 'x = 1', suffix = '\n', completions } = sketch;
  const chunks =
    sketch.chunks ?? completions.slice(1).map((_, at) => sketchChunk(`lib/other${at}.py`, `z = ${at}`));
  return {
    schema: 1,
    id: createHash('sha256').update(sketch.id).digest('hex').slice(0, 32),
    repository: sketch.repository ?? 'test:one',
    split: 'benchmark',
    path: sketch.path ?? 'src/main.py',
    language: sketch.language ?? 'python',
    kind: sketch.kind ?? 'line',
    lines: middle.split('\n').length,
    ...{ prefix, middle, suffix },
    context: { source: 'retrieved', queriedWithMiddle: false, chunks, retrieveMs: 2 },
    features: {
      version: FEATURES_VERSION,
      hole: HOLE_FEATURES.map(() => 0),
      chunks: chunks.map(() => CHUNK_FEATURES.map(() => 0)),
    },
  };
}

/** A hole's label, as `repoformer-dataset label` writes it; for tests. */
export function sketchLabel(sketch: LabelSketch, hole = sketchHoleRecord(sketch)): LabelRecord {
  const variant = (text: string | undefined, chunks: number): LabelledVariant => ({
    chunks,
    contextTokens: 100 * chunks,
    logLikelihood: sketch.logLikelihoods?.[chunks] ?? -1,
    contextMs: 50 * chunks,
    ...(text !== undefined && {
      completion: { text, generatedTokens: 3, decodeMs: 30, endedItself: true },
      editSimilarity: editSimilarity(text, hole.middle),
      exactMatch: exactMatch(text, hole.middle),
    }),
  });
  return {
    schema: 1,
    id: hole.id,
    input: inputDigest(hole),
    tokens: { prefix: 10, suffix: 5, target: sketch.target ?? 3 },
    sharedMs: 100,
    probes: { decision: { top: [], readout: '' }, first: { top: [0.5, 0.25], readout: '' } },
    variants: sketch.completions.map(variant) as [LabelledVariant, ...LabelledVariant[]],
    ...(sketch.alone !== undefined && { alone: variant(sketch.alone, 0) }),
  };
}

/** What a run of labels depends on; for tests. */
export function sketchRun(name = 'model', readoutTokens: readonly number[] = [1, 2]): LabelRun {
  return {
    schema: 1,
    model: { name, sha256: createHash('sha256').update(name).digest('hex'), adapters: [] },
    family: 'test',
    placement: 'after-suffix',
    order: 'best-first',
    chunkTemplate: '',
    settings: DEFAULT_RUN_SETTINGS,
    readoutTokens,
  };
}

/** Writes a dataset with one run of labels. @returns the run's folder */
export async function writeDataset(
  directory: string,
  sketches: readonly LabelSketch[],
  run = sketchRun(),
): Promise<string> {
  const lines = (records: readonly unknown[]) =>
    records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const labels = join(directory, 'labels', run.model.name);
  await mkdir(join(directory, 'holes'), { recursive: true });
  await mkdir(labels, { recursive: true });
  await writeFile(
    join(directory, 'holes', 'test.jsonl'),
    lines(sketches.map((sketch) => sketchHoleRecord(sketch))),
  );
  await writeFile(join(labels, 'run.json'), JSON.stringify(run));
  await writeFile(join(labels, 'labels-0-of-1.jsonl'), lines(sketches.map((sketch) => sketchLabel(sketch))));
  return labels;
}

/** A policy fitted on made-up holes, where a similar best hit helps; for tests. */
export function sketchPolicy(): PolicyDocument {
  const holes = Array.from({ length: 80 }, (_, at) => {
    const score = ((at * 37) % 100) / 100;
    const gain = score > 0.5 ? 0.2 : 0;
    return {
      id: String(at).padStart(4, '0'),
      repository: `r${at % 8}`,
      split: 'train' as const,
      language: 'python',
      holeFeatures: HOLE_FEATURES.map((name) => (name === 'bestScore' ? score : 0)),
      chunkFeatures: [CHUNK_FEATURES.map(() => 0)],
      gainEs: gain,
      gainLogLikelihood: gain,
      chunkGains: [gain],
    };
  });
  const options = { name: 'sketch', generator: { name: 'nobody' }, draws: 20 };
  return fitPolicy({ holes, contextChunks: 3 }, options).document;
}
