import type { Chunk, CopyRule, LanguageModel } from '@repoformer/domain';
import { describe, expect, it } from 'vitest';
import { useEmbeddedModel } from '../samples/testing.js';
import { HoleRunner } from './hole-runner.js';
import { DEFAULT_RUN_SETTINGS } from './run-settings.js';

const { signal } = new AbortController();
const CALL = 'quorum_ledger.settle_ambers(vortex, 7341)';
const HOLE = {
  ...{ repository: 'test', path: 'a.py', language: 'python', kind: 'line' as const },
  prefix: 'def close(vortex):\n    quorum_ledger.',
  middle: 'settle_ambers(vortex, 7341)',
  suffix: '\n\n\ndef other():\n    pass\n',
};
const CHUNKS: Chunk[] = [
  { path: 'b.py', startLine: 0, endLine: 2, score: 0.5, text: `def b(vortex):\n    ${CALL}` },
];

describe('HoleRunner', () => {
  const embedded = useEmbeddedModel();

  const run = (
    copying: CopyRule | undefined,
    chunks: readonly Chunk[] = CHUNKS,
    settings = DEFAULT_RUN_SETTINGS,
  ) => {
    const { model, format } = embedded();
    const { copying: _, ...info } = model.info;
    const helped: LanguageModel = {
      info: { ...info, ...(copying && { copying }) },
      tokenize: (...asked) => model.tokenize(...asked),
      tokenBytes: (...asked) => model.tokenBytes(...asked),
      acquire: (...asked) => model.acquire(...asked),
      counters: () => model.counters(),
      prefillMsPerToken: () => model.prefillMsPerToken(),
      close: () => model.close(),
    };
    return new HoleRunner(helped, format, settings).run(HOLE, chunks, signal);
  };

  it('abstains as the product does: a model that is helped copies from what it does not read', async () => {
    const { variants, alone } = await run({ weight: 0.5, from: 'unread' });
    const [abstaining, reading] = variants;
    expect(abstaining).toMatchObject({ chunks: 0, contextTokens: 0 });
    expect(abstaining.completion!.text).toContain('settle_ambers(vortex, 7341)');
    expect(alone!.completion!.text).not.toContain('settle_ambers');
    expect(abstaining.logLikelihood).toBeGreaterThan(alone!.logLikelihood + 1);
    // What it reads, it is not helped with.
    const unhelped = await run(undefined);
    expect(unhelped).not.toHaveProperty('alone');
    expect(unhelped.variants[0].completion!.text).toBe(alone!.completion!.text);
    expect(unhelped.variants[1]!.completion!.text).toBe(reading!.completion!.text);
    expect(unhelped.variants[1]!.logLikelihood).toBeCloseTo(reading!.logLikelihood, 4);
  });

  it('abstains with all that was found at hand, however little of it is to be read', async () => {
    const other: Chunk = { path: 'c.py', startLine: 0, endLine: 1, score: 0.9, text: 'import os' };
    const settings = { ...DEFAULT_RUN_SETTINGS, maxChunks: 1 };
    const { variants } = await run({ weight: 0.5, from: 'unread' }, [other, ...CHUNKS], settings);
    expect(variants.map(({ chunks }) => chunks)).toEqual([0, 1]);
    expect(variants[0].completion!.text).toContain('settle_ambers(vortex, 7341)');
  });

  it('has nothing but abstaining to say where nothing was found', async () => {
    expect(await run({ weight: 0.5, from: 'unread' }, [])).not.toHaveProperty('alone');
  });
});
