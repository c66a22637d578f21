import { describe, expect, it } from 'vitest';
import { toFitTable, type FitLabel, type FitRecord } from './to-fit-table.js';

const hole = (id: string, changes: Partial<FitRecord> = {}): FitRecord => ({
  id,
  input: 'now',
  repository: 'local:a',
  split: 'train',
  language: 'python',
  context: { source: 'retrieved', queriedWithMiddle: false },
  features: { version: 3, hole: [1, 2], chunks: [[3], [4]] },
  coverage: [{ name: 1, line: 0.25 }],
  ...changes,
});

const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64');

const label: FitLabel = {
  input: 'now',
  probes: {
    decision: { retrieve: 0.25, top: [0.5], readout: floats(-1, -Infinity) },
    first: { top: [0.75, 0.125], readout: floats(-2, -3) },
  },
  variants: [
    { logLikelihood: -2, editSimilarity: 40 },
    { logLikelihood: -1.5 },
    { logLikelihood: -1.75, editSimilarity: 70 },
  ],
};

describe('toFitTable', () => {
  it('makes a row of a hole and its label', () => {
    const { table } = toFitTable([hole('a')], new Map([['a', label]]), { readoutTokens: [7, 9] });
    expect(table).toMatchObject({
      readoutTokens: [7, 9],
      holes: [
        {
          id: 'a',
          holeFeatures: [1, 2],
          chunkFeatures: [[3], [4]],
          gainEs: 30,
          gainLogLikelihood: 0.25,
          chunkGains: [0.5, -0.25],
          probe: {
            decisionProbability: 0.25,
            firstToken: { probability: 0.75, margin: 0.625 },
            readouts: { decision: [-1, -40], first: [-2, -3] },
          },
        },
      ],
    });
  });

  it('learns of further chunks from other labels, where there are any', () => {
    const further = { input: 'now', variants: [-2, -1, -0.5].map((logLikelihood) => ({ logLikelihood })) };
    const labels = new Map(['a', 'b'].map((id) => [id, label]));
    const { table } = toFitTable([hole('a'), hole('b')], labels, {
      contextChunks: 1,
      chunkLabels: new Map([['b', further]]),
    });
    expect(table.contextChunks).toBe(1);
    expect(table.holes.map(({ chunkGains }) => chunkGains)).toEqual([[], [1, 0.5]]);
    expect(table.holes.map(({ gainEs }) => gainEs)).toEqual([30, 30]);
  });

  it('takes no read-out of another list of tokens', () => {
    const { table } = toFitTable([hole('a')], new Map([['a', label]]), { readoutTokens: [7] });
    expect(table.holes[0]!.probe!.readouts).toBeUndefined();
  });

  it.each([
    ['chunk labels', 'staleChunkLabels'],
    ['probes', 'staleProbes'],
  ])('takes no %s of what a hole was before', (_, counted) => {
    const holes = [hole('same'), hole('changed')];
    const labels = new Map(holes.map(({ id }) => [id, label]));
    const others = new Map([
      ['same', label],
      ['changed', { ...label, input: 'before' }],
    ]);
    const options = counted === 'staleProbes' ? { probeLabels: others } : { chunkLabels: others };
    const { table, leftOut } = toFitTable(holes, labels, options);
    const [same, changed] = table.holes;
    expect(changed).toEqual({
      ...same,
      id: 'changed',
      ...(counted === 'staleProbes' ? { probe: undefined } : { chunkGains: [] }),
    });
    expect(leftOut).toMatchObject({ stale: 0, staleChunkLabels: 0, staleProbes: 0, [counted]: 1 });
  });

  it('leaves out what would teach something else, and says so', () => {
    const context = { source: 'retrieved', queriedWithMiddle: true } as const;
    const holes = [
      hole('ok'),
      hole('bench', { split: 'benchmark' }),
      hole('random', { context: { ...context, source: 'random' } }),
      hole('second', { context }),
      hole('nolabel'),
      hole('stale'),
      hole('nocontext'),
      hole('nocompletion'),
    ];
    const labels = new Map<string, FitLabel>(holes.map(({ id }) => [id, label]));
    labels.delete('nolabel');
    labels.set('stale', { ...label, input: 'before' });
    labels.set('nocontext', { ...label, variants: label.variants.slice(0, 1) });
    labels.set('nocompletion', { ...label, variants: label.variants.slice(0, 2) });
    const { table, leftOut } = toFitTable(holes, labels);
    expect(table.holes.map(({ id }) => id)).toEqual(['ok']);
    expect(leftOut).toEqual({
      unlabelled: 1,
      stale: 1,
      benchmark: 1,
      randomContext: 1,
      secondRound: 1,
      withoutContext: 1,
      withoutCompletions: 1,
      staleChunkLabels: 0,
      staleProbes: 0,
    });
    // What chunks show of the truth needs no label.
    expect(table.coverage!.map(({ id }) => id)).toEqual([
      'ok',
      'nolabel',
      'stale',
      'nocontext',
      'nocompletion',
    ]);
    expect(table.coverage![1]).toMatchObject({ repository: 'local:a', coverage: [{ name: 1, line: 0.25 }] });
    const wider = toFitTable(holes, labels, { withSecondRound: true });
    expect(wider.table.holes.map(({ id }) => id)).toEqual(['ok', 'second']);
  });
});
