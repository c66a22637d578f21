import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_RUN_SETTINGS, inputDigest, type HoleRecord } from '@repoformer/dataset';
import { FEATURES_VERSION, parsePolicy, parsePolicyDocument } from '@repoformer/policy';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SYNTHETIC_TOKENS, syntheticTable } from '../fit/testing.js';
import type { FitHole } from '../fit/fit-table.js';
import { createProgram } from './program.js';
import { describePolicy } from './show-command.js';

const { holes } = syntheticTable({ holes: 240, repositories: 6, effects: { bestScore: 2 }, hiddenEffect: 2 });

const base64 = (values: readonly number[] = []) =>
  Buffer.from(Float32Array.from(values).buffer).toString('base64');

const toRecord = ({ id, repository, split, language, holeFeatures, chunkFeatures }: FitHole): HoleRecord => ({
  schema: 1,
  ...{
    id,
    repository,
    split,
    language,
    path: 'a.py',
    kind: 'line',
    lines: 1,
    prefix: '',
    middle: 'x',
    suffix: '',
  },
  context: { source: 'retrieved', queriedWithMiddle: false, chunks: [], retrieveMs: 0 },
  features: { version: FEATURES_VERSION, hole: holeFeatures, chunks: chunkFeatures },
});

function toLabel(hole: FitHole) {
  const { id, probe, gainEs, gainLogLikelihood } = hole;
  const { decision, first } = probe!.readouts!;
  return {
    schema: 1,
    id,
    input: inputDigest(toRecord(hole)),
    probes: {
      decision: { top: [], readout: base64(decision) },
      first: { top: [0.5, 0.2], readout: base64(first) },
    },
    variants: [
      { chunks: 0, logLikelihood: -2, editSimilarity: 40 },
      { chunks: 3, logLikelihood: -2 + gainLogLikelihood, editSimilarity: 40 + gainEs },
    ],
  };
}

const lines = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');

describe('repoformer-policy', () => {
  let folder: string;
  const run = async (...words: string[]) => {
    const program = createProgram().exitOverride();
    for (const each of [program, ...program.commands]) {
      each.exitOverride().configureOutput({ writeErr: () => undefined });
    }
    await program.parseAsync(words, { from: 'user' });
  };
  const fit = (out: string, ...more: string[]) =>
    run(
      'fit',
      folder,
      '--labels',
      join(folder, 'labels'),
      '--out',
      join(folder, out),
      '--draws',
      '20',
      ...more,
    );

  beforeAll(async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    folder = await mkdtemp(join(tmpdir(), 'repoformer-policy-'));
    await mkdir(join(folder, 'holes'));
    await mkdir(join(folder, 'labels'));
    const half = holes.length / 2;
    await writeFile(join(folder, 'holes', 'a.jsonl'), lines(holes.slice(0, half).map(toRecord)));
    await writeFile(join(folder, 'holes', 'b.jsonl'), lines(holes.slice(half).map(toRecord)));
    // The last label was being written when its writer died.
    await writeFile(
      join(folder, 'labels', 'labels-0-of-1.jsonl'),
      `${lines(holes.map(toLabel))}{"schema":1,"id`,
    );
    const model = { name: 'tiny', sha256: 'a'.repeat(64), adapters: [] };
    await writeFile(
      join(folder, 'labels', 'run.json'),
      JSON.stringify({ schema: 1, model, settings: DEFAULT_RUN_SETTINGS, readoutTokens: SYNTHETIC_TOKENS }),
    );
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true, force: true });
  });

  it('fits what is on disk, and says what it did', async () => {
    await fit('policies/tiny.json', '--report', join(folder, 'report.md'), '--folds', '3');
    const text = await readFile(join(folder, 'policies/tiny.json'), 'utf8');
    const policy = parsePolicy(text);
    expect(policy).toMatchObject({ name: 'tiny', generator: { name: 'tiny', sha256: 'a'.repeat(64) } });
    expect(policy.training.holes + policy.training.calibrationHoles).toBe(240);
    expect(policy.probeNeeds?.readout).toEqual({ place: 'decision', tokens: SYNTHETIC_TOKENS });
    expect(await readFile(join(folder, 'report.md'), 'utf8')).toContain('| free-logistic |');
    const words = describePolicy(parsePolicyDocument(text));
    expect(words).toContain('hole.bestScore');
    expect(words).toContain('read-out: 5 tokens, place "decision"');
  });

  it('leaves out what was said of holes that are others now, and says so', async () => {
    const said = vi.mocked(console.error);
    const before = join(folder, 'before');
    await mkdir(before);
    await copyFile(join(folder, 'labels', 'run.json'), join(before, 'run.json'));
    const stale = holes.map((hole) => ({ ...toLabel(hole), input: 'before' }));
    await writeFile(join(before, 'labels-0-of-1.jsonl'), lines(stale));
    await expect(fit('x.json', '--labels', before)).rejects.toThrow(/there are 0 labelled holes/);
    expect(said).toHaveBeenCalledWith(
      '0 labelled holes; left out: 240 with a label of another text or context',
    );
    const other = ['--chunk-labels', before, '--probes', before];
    await fit('free.json', ...other, '--folds', '2', '--report', join(folder, 'free.md'));
    expect(said).toHaveBeenCalledWith(
      '240 labelled holes; left out: 240 chunk labels of another text or context, 240 probes of another text or context',
    );
    expect(said).toHaveBeenCalledWith('240 of them have no probe: no stage that asks a model is fitted');
    const policy = parsePolicy(await readFile(join(folder, 'free.json'), 'utf8'));
    expect([policy.probeNeeds, policy.prober]).toEqual([undefined, undefined]);
  });

  it('writes what context should be worth', async () => {
    const dataset = join(folder, 'worth');
    await mkdir(join(dataset, 'holes'), { recursive: true });
    const [first, second, third, fourth, fifth] = holes.map(toRecord);
    const chunks = [{ path: 'b.py', startLine: 0, endLine: 1, score: 1, text: 'other = blurTwice' }];
    const truth = { prefix: 'a = 1\nx = ', middle: 'blurTwice(a)' };
    const records = [
      { ...first, ...truth, context: { ...first!.context, chunks } },
      { ...second, ...truth },
      { ...third, ...truth, context: { ...third!.context, chunks, queriedWithMiddle: true } },
      { ...fourth, ...truth, context: { ...fourth!.context, chunks, source: 'random' } },
      { ...fifth, ...truth, split: 'benchmark', context: { ...fifth!.context, chunks } },
    ];
    await writeFile(join(dataset, 'holes', 'a.jsonl'), lines(records));
    const out = join(dataset, 'gains.jsonl');
    await run('gains', dataset, '--out', out);
    const written = (await readFile(out, 'utf8')).trim().split('\n');
    const gains = written.map((line) => JSON.parse(line) as { id: string; input: string; gain: number });
    expect(gains.map(({ id }) => id)).toEqual([first!.id, second!.id]);
    expect(gains[0]!.input).toBe(inputDigest(records[0] as HoleRecord));
    // A new name, and a line that is more similar than any that was seen.
    expect(gains[0]!.gain).toBeGreaterThan(2.9);
    expect(gains[1]!.gain).toBe(0);
  });

  it.each<[string, () => Promise<void>, RegExp]>([
    [
      'a dataset that is not there',
      () => run('fit', '/nowhere', '--labels', join(folder, 'labels'), '--out', 'x'),
      /\/nowhere holds no holes/,
    ],
    [
      'labels that are none',
      () => run('fit', folder, '--labels', join(folder, 'holes'), '--out', 'x'),
      /run\.json: there is no such/,
    ],
    ['a policy that is none', () => run('show', join(folder, 'labels', 'run.json')), /fit the policy again/],
    ['a target that is none', () => fit('x.json', '--target', 'luck'), /Allowed choices/],
    ['a number that is none', () => fit('x.json', '--folds', '1'), /whole number of 2 or more/],
  ])('refuses %s', async (_, command, message) => {
    await expect(command()).rejects.toThrow(message);
  });

  it('names the line that is broken, unless it is the last', async () => {
    const path = join(folder, 'holes', 'c.jsonl');
    await writeFile(path, '{"schema":1,\n{"schema":1}\n');
    await expect(fit('x.json')).rejects.toThrow(/c\.jsonl, line 1: /);
    await writeFile(path, '{"schema":7}\n');
    await expect(fit('x.json')).rejects.toThrow(/c\.jsonl, line 1: schema/);
    await rm(path);
  });
});
