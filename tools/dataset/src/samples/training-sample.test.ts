import type { Chunk } from '@repoformer/domain';
import type { TokenBudgets } from '@repoformer/fim';
import { expect, it } from 'vitest';
import { HoleRunner } from '../label/hole-runner.js';
import { DEFAULT_RUN_SETTINGS } from '../label/run-settings.js';
import { useEmbeddedModel } from './testing.js';
import { trainingSample } from './training-sample.js';

const embedded = useEmbeddedModel();

const { signal } = new AbortController();
const settings = { ...DEFAULT_RUN_SETTINGS, suffixFirst: 0, shortened: 0 };
const hole = {
  id: 'x',
  repository: 'test',
  path: 'a.py',
  language: 'python',
  kind: 'line_rest' as const,
  prefix: 'def area(shape):\n    return shape.wid',
  middle: 'th * shape.height',
  suffix: '\n\n\ndef other():\n    pass\n',
};
const chunk: Chunk = { path: 'b.py', startLine: 0, endLine: 1, score: 0.5, text: 'shape.width * 2' };

it('is what the model is asked when holes are labelled', async () => {
  const { model, format } = embedded();
  const options = { model, format, settings, signal };
  const sample = await trainingSample({ ...hole, retrieve: 1 }, [chunk], options);
  const run = await new HoleRunner(model, format, DEFAULT_RUN_SETTINGS).run(hole, [chunk], signal);
  const { specialTokens } = model.info;
  const special = (text: string) => specialTokens[text]!;
  expect(sample.trunk).toHaveLength(run.tokens.prefix + run.tokens.suffix + 3);
  expect([sample.trunk[0], sample.trunk.at(-1)]).toEqual([special('<fim_prefix>'), special('<eof>')]);
  // The retrieval token stands in front of the context.
  expect(sample.context).toHaveLength(run.variants[1]!.contextTokens + 1);
  expect(sample.context[0]).toBe(special('<cc>'));
  expect(sample.tail[0]).toBe(special('<fim_middle>'));
  expect(sample.target).toHaveLength(run.tokens.target + 1);
  expect(sample.target.at(-1)).toBe(special('<|endoftext|>'));
  expect(sample.retrieve).toBe(1);
  const bytes = await model.tokenBytes(Int32Array.from([...sample.tail, ...sample.target]));
  expect(Buffer.concat(bytes).toString()).toBe('    return shape.width * shape.height');
});

it('shows one chunk mostly, sometimes more, the same ones each time', async () => {
  const { model, format } = embedded();
  const options = { model, format, settings, signal };
  const chunks = ['one', 'two', 'three'].map((name) => ({
    ...chunk,
    path: `${name}.py`,
    text: `${name} = 1`,
  }));
  const cc = model.info.specialTokens['<file_sep>'];
  const shown = async (id: string) => {
    const { context } = await trainingSample({ ...hole, id }, chunks, options);
    return context.filter((token) => token === cc).length;
  };
  const counts = [0, 0, 0, 0];
  for (let id = 0; id < 100; id++) counts[await shown(String(id))]!++;
  expect(counts[0]).toBe(0);
  expect(counts[1]).toBeGreaterThan(45);
  expect(Math.min(counts[2]!, counts[3]!)).toBeGreaterThan(8);
  expect(await shown('7')).toBe(await shown('7'));
});

it('is no longer than its budgets', async () => {
  const { model, format } = embedded();
  const line = (index: number) => `value_${index} = shape.width * ${index}\n`;
  const lines = Array.from({ length: 200 }, (_, index) => line(index)).join('');
  const long = { ...hole, prefix: `${lines}${hole.prefix}`, suffix: `${hole.suffix}${lines}` };
  const chunks = [{ ...chunk, endLine: 200, text: lines }];
  const sized = async (budgets: TokenBudgets) => {
    const options = { model, format, settings: { ...settings, budgets }, signal };
    const { trunk, context } = await trainingSample(long, chunks, options);
    return { trunk: trunk.length, context: context.length };
  };
  const whole = await sized(DEFAULT_RUN_SETTINGS.budgets);
  const short = await sized({ prefixTokens: 100, suffixTokens: 40, contextTokens: 60 });
  // Markers come on top: three of the trunk, one of the context.
  expect(short.trunk).toBeLessThanOrEqual(143);
  expect(short.context).toBeLessThanOrEqual(61);
  expect(Math.min(short.trunk, short.context)).toBeGreaterThan(40);
  expect(whole.trunk).toBeGreaterThan(3 * short.trunk);
  expect(whole.context).toBeGreaterThan(3 * short.context);
});

it('is shortened in the share asked for, the same ones each time', async () => {
  const { model, format } = embedded();
  const lines = Array.from({ length: 200 }, (_, index) => `value_${index} = ${index}\n`).join('');
  const long = { ...hole, prefix: `${lines}${hole.prefix}` };
  const sizes = async (shortened: number) => {
    const options = { model, format, settings: { ...settings, shortened }, signal };
    const ids = Array.from({ length: 40 }, (_, id) => String(id));
    const samples = await Promise.all(
      ids.map((id) => trainingSample({ ...long, id }, [{ ...chunk, endLine: 200, text: lines }], options)),
    );
    return samples.map(({ trunk, context }) => ({ trunk: trunk.length, context: context.length }));
  };
  const [whole, half, all] = [await sizes(0), await sizes(0.5), await sizes(1)];
  const isShorter = ({ trunk }: { trunk: number }) => trunk < 0.85 * whole[0]!.trunk;
  expect(whole.filter(isShorter)).toEqual([]);
  expect(all.filter(isShorter)).toHaveLength(40);
  for (const { trunk, context } of all) {
    expect(trunk).toBeGreaterThan(0.2 * whole[0]!.trunk);
    expect(context).toBeLessThan(0.85 * whole[0]!.context);
  }
  expect(new Set(all.map(({ trunk }) => trunk)).size).toBeGreaterThan(5);
  const shorter = half.filter(isShorter);
  expect(shorter.length).toBeGreaterThan(8);
  expect(shorter.length).toBeLessThan(32);
  expect(await sizes(0.5)).toEqual(half);
});

it('has the suffix in front of the prefix in the share asked for, the same ones each time', async () => {
  const { model, format } = embedded();
  const { specialTokens } = model.info;
  const begins = async (id: string, suffixFirst: number) => {
    const sample = await trainingSample({ ...hole, id }, [chunk], {
      ...{ model, format, signal },
      settings: { ...settings, suffixFirst },
    });
    return sample.trunk[0] === specialTokens['<fim_suffix>'];
  };
  const ids = Array.from({ length: 60 }, (_, id) => String(id));
  const half = await Promise.all(ids.map((id) => begins(id, 0.5)));
  expect(half.filter(Boolean).length).toBeGreaterThan(15);
  expect(half.filter(Boolean).length).toBeLessThan(45);
  expect(await Promise.all(ids.map((id) => begins(id, 0.5)))).toEqual(half);
  expect(await begins('1', 0)).toBe(false);
  expect(await begins('1', 1)).toBe(true);
});

it('has no context where nothing was found, and no decision where none is known', async () => {
  const { model, format } = embedded();
  const sample = await trainingSample(hole, [], { model, format, settings, signal });
  expect(sample.context).toEqual([]);
  expect(sample).not.toHaveProperty('retrieve');
});

it('needs the context behind the suffix', async () => {
  const { model, format } = embedded();
  const other = { ...format, sharesPrefix: false };
  const made = trainingSample(hole, [], { model, format: other, settings, signal });
  await expect(made).rejects.toMatchObject({ reason: 'MODEL_UNSUPPORTED' });
});
