import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLabelRun, readLabels, writeRepository } from '@repoformer/dataset';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sketchPolicy } from '../testing.js';
import { measureRepository, type MeasureOptions } from './measure-repository.js';
import { readSettings } from './read-settings.js';

const SOURCES = new URL('../../../../libs/metrics/src/', import.meta.url);
let base: string;
let root: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-measure-'));
  root = join(base, 'repository');
  env = { XDG_CONFIG_HOME: join(base, 'config'), XDG_DATA_HOME: join(base, 'data') };
  const names = ['cut-to-lines.ts', 'edit-similarity.ts', 'identifiers.ts', 'whitespace.ts'];
  const files = names.map((path) => ({ path, bytes: readFileSync(new URL(path, SOURCES)) }));
  await writeRepository(root, 'repository', files);
});
afterAll(() => rm(base, { recursive: true, force: true }));

const measure = async (
  flags: Record<string, string>,
  { cache = 'cache', ...options }: { cache?: string } & Partial<MeasureOptions> = {},
) =>
  measureRepository({
    path: root,
    settings: await readSettings({ model: 'repoformer-nano', 'prefill-threads': '1', ...flags }, env),
    holes: 2,
    cacheDirectory: join(base, cache),
    signal: new AbortController().signal,
    ...options,
  });

describe('measureRepository', () => {
  it('completes with the model, the budgets and the placement that are set, and nothing twice', async () => {
    const flags = { 'prefix-tokens': '64', 'suffix-tokens': '16', 'retrieved-tokens': '96' };
    const placed = { ...flags, placement: 'comment-prefix' };
    const measured = await measure(placed);
    const run = await readLabelRun(measured.labels);
    expect(run.settings.budgets).toEqual({ prefixTokens: 64, suffixTokens: 16, contextTokens: 96 });
    expect(run.placement).toBe('comment-prefix');
    expect(measured).toMatchObject({
      modelName: 'repoformer-nano',
      recommended: { policy: 'similarity' },
      sharesPrefix: false,
    });
    const labels = [...(await readLabels(measured.labels)).values()];
    expect(labels).toHaveLength(2);
    for (const { tokens, variants } of labels) {
      expect(tokens.prefix).toBeLessThanOrEqual(64);
      expect(variants).toHaveLength(2);
      expect(variants[1]!.contextTokens).toBeLessThanOrEqual(96);
      expect(variants.every(({ completion }) => completion !== undefined)).toBe(true);
    }
    const seen: number[] = [];
    await measure(placed, { onProgress: ({ known }) => void seen.push(known) });
    expect(seen).toEqual([2]);
  });

  it('refuses a model without a fitted policy before anything is measured', async () => {
    await expect(measure({}, { cache: 'none', needsPolicy: true })).rejects.toMatchObject({
      kind: 'failed_precondition',
      message: expect.stringContaining('no fitted policy for repoformer-nano'),
    });
    expect(existsSync(join(base, 'none'))).toBe(false);
  });

  it('refuses what cannot be read as a repository or measured at all', async () => {
    await expect(measure({}, { path: base })).rejects.toMatchObject({ reason: 'NOT_A_REPOSITORY' });
    await expect(measure({ 'retrieved-tokens': '0' })).rejects.toThrow(/retrieved-tokens is 0/);
  });

  it('takes the policy that is named', async () => {
    const file = join(base, 'policy.json');
    await writeFile(file, JSON.stringify(sketchPolicy()));
    const aborted = AbortSignal.abort();
    await expect(
      measure({ 'policy-file': file }, { needsPolicy: true, signal: aborted, cache: 'aborted' }),
    ).rejects.toMatchObject({ kind: 'cancelled' });
    const measured = await measure({ 'policy-file': file }, { needsPolicy: true, holes: 1 });
    expect(measured.recommended).toEqual({ policy: 'classifier', file });
  });
});
