import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buildHoles,
  openLocalRepository,
  readCorpusTexts,
  readHoles,
  sampleHoles,
  writeRepository,
  type CorpusRepository,
  type HoleRecord,
  type LabelRun,
} from '@repoformer/dataset';
import { vi } from 'vitest';
import { sketchLabel, sketchRun } from '../testing.js';
import { createProgram } from './program.js';

const SOURCES = new URL('../../../../libs/metrics/src/', import.meta.url);
const NAMES = ['cut-to-lines.ts', 'edit-similarity.ts', 'identifiers.ts', 'whitespace.ts'];

/** A repository of this project's own code and a dataset of its holes; for tests. */
export interface CliFixture {
  readonly base: string;
  readonly repository: CorpusRepository;
  readonly dataset: string;
  readonly holes: readonly HoleRecord[];
  remove(): Promise<void>;
}

export async function createFixture(count: number): Promise<CliFixture> {
  const base = await mkdtemp(join(tmpdir(), 'repoformer-eval-'));
  const root = join(base, 'metrics');
  const files = NAMES.map((name) => ({
    path: `src/${name}`,
    bytes: readFileSync(new URL(name, SOURCES)),
  }));
  await writeRepository(root, 'metrics', files);
  const repository = await openLocalRepository(root, 'benchmark');
  const { name, split, commit } = repository;
  const texts = await readCorpusTexts(repository);
  const dataset = join(base, 'dataset');
  const sampled = await sampleHoles({ name, split, files: texts }, { seed: '1', count });
  await buildHoles({ name, root, commit, files: texts }, sampled, {
    directory: dataset,
    context: { withMiddleShare: 0, randomShare: 0 },
    signal: new AbortController().signal,
  });
  return {
    base,
    repository,
    dataset,
    holes: await readHoles(dataset),
    remove: () => rm(base, { recursive: true, force: true }),
  };
}

/** Writes what a model might have made of holes: nothing without context, the truth with all of it. @returns the folder */
export async function writeLabels(
  { dataset, holes }: CliFixture,
  run: LabelRun = sketchRun(),
): Promise<string> {
  const labels = join(dataset, 'labels', run.model.name);
  await mkdir(labels, { recursive: true });
  await writeFile(join(labels, 'run.json'), JSON.stringify(run));
  const lines = holes.map((hole) => {
    const { id, kind, prefix, middle, suffix, path } = hole;
    const sketch = { id, kind, prefix, middle, suffix, path, completions: ['return', middle] };
    return `${JSON.stringify(sketchLabel(sketch, hole))}\n`;
  });
  await writeFile(join(labels, 'labels-0-of-1.jsonl'), lines.join(''));
  return labels;
}

/** Runs a command line in this process. @returns what it said on standard output */
export async function runEval(args: readonly string[], signal?: AbortSignal): Promise<string> {
  let said = '';
  const keep = (text: unknown) => {
    said += String(text);
    return true;
  };
  const streams = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep),
    vi.spyOn(console, 'log').mockImplementation((text) => void keep(`${text}\n`)),
    vi.spyOn(process.stderr, 'write').mockReturnValue(true),
    vi.spyOn(console, 'error').mockReturnValue(undefined),
  ];
  try {
    const program = createProgram(signal ?? new AbortController().signal);
    for (const command of program.commands) command.exitOverride();
    await program.parseAsync([...args], { from: 'user' });
    return said;
  } finally {
    for (const stream of streams) stream.mockRestore();
  }
}
