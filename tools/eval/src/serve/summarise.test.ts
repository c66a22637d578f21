import { describe, expect, it } from 'vitest';
import {
  SERVE_MODES,
  SERVE_STATES,
  type ServedHole,
  type ServedRequest,
  type ServeMode,
} from './served-request.js';
import { serveMarkdown } from './serve-markdown.js';
import type { ServeRun } from './serve-run.js';
import { summarise } from './summarise.js';

interface Sketch {
  readonly totalMs: number;
  readonly editSimilarity?: number;
  readonly isEmpty?: boolean;
}

/** A hole that takes twice as long from a cold state. */
function holeOf(id: string, byMode: Partial<Record<ServeMode, Sketch>>): ServedHole {
  const requests = SERVE_STATES.flatMap((state) =>
    Object.entries(byMode).map(([mode, { totalMs, editSimilarity = 50, isEmpty = false }]): ServedRequest => {
      const total = state === 'cold' ? 2 * totalMs : totalMs;
      return {
        ...{ mode: mode as ServeMode, state, isEmpty, editSimilarity },
        decision: { outcome: mode === 'never' ? 'abstain' : 'retrieve', policy: 'p' },
        hasContext: mode !== 'never',
        usage: { prompt: 10, reused: 0, context: mode === 'never' ? 0 : 100, generated: 5 },
        timings: {
          ...{ queueMs: 0, decideMs: 1, retrieveMs: 2, prefillMs: total / 2 },
          ...{ firstTokenMs: isEmpty ? 0 : total - 1, decodeMs: 1, totalMs: total },
        },
        exactMatch: editSimilarity === 100,
      };
    }),
  );
  return { schema: 1, id, repository: `r${id}`, path: 'a.py', kind: 'line', requests };
}
const OPTIONS = { resamples: 50 };
const RUN: ServeRun = {
  schema: 1,
  model: { name: 'm|odel', sha256: '', adapters: [] },
  placement: 'after-suffix',
  policy: { label: 'similarity' },
  eagerness: 'balanced',
  budgets: { prefixTokens: 1, suffixTokens: 1, contextTokens: 1 },
  modes: SERVE_MODES,
  threads: 1,
  seed: '1',
  machine: 'here',
};

describe('summarise', () => {
  const holes = [
    holeOf('a', {
      never: { totalMs: 100 },
      always: { totalMs: 200, editSimilarity: 100 },
      auto: { totalMs: 100 },
    }),
    holeOf('b', {
      never: { totalMs: 300 },
      always: { totalMs: 400, editSimilarity: 70 },
      auto: { totalMs: 410 },
    }),
  ];
  const summary = summarise(holes, SERVE_MODES, OPTIONS);
  const row = (mode: ServeMode, state: 'cold' | 'warm') =>
    summary.rows.find((each) => each.mode === mode && each.state === state)!;

  it('is a row for each mode and state, held against always in the same state', () => {
    expect(summary.rows.map(({ mode, state }) => `${mode} ${state}`)).toEqual([
      ...['never cold', 'always cold', 'auto cold'],
      ...['never warm', 'always warm', 'auto warm'],
    ]);
    expect(summary).toMatchObject({ holes: 2, repositories: 2, reference: 'always' });
    expect(row('always', 'cold').versus).toBeUndefined();
  });

  it('takes ratios of means, and quartiles of the ratios at each hole', () => {
    const versus = row('never', 'warm').versus!;
    expect(versus.totalRatio.estimate).toBeCloseTo(400 / 600, 12);
    expect(versus.ratios).toEqual({ p25: 0.5, p50: 0.5, p75: 0.75 });
    expect(versus.editSimilarity.estimate).toBe(-35);
    expect(row('never', 'cold').versus!.totalRatio.estimate).toBeCloseTo(400 / 600, 12);
    expect(row('auto', 'warm').versus!.firstTokenRatio?.estimate).toBeCloseTo((99 + 409) / (199 + 399), 12);
  });

  it('has times, shares and quality of the requests', () => {
    expect(row('always', 'cold').times.total.mean).toBe(600);
    expect(row('always', 'warm').times.total.mean).toBe(300);
    expect(row('never', 'warm')).toMatchObject({ retrieved: 0, contextTokens: 0 });
    expect(row('always', 'warm')).toMatchObject({ retrieved: 1, contextTokens: 100 });
    expect(row('always', 'warm').exactMatch.estimate).toBe(50);
  });

  it('knows no first token where nothing was written', () => {
    const empty = [holeOf('a', { never: { totalMs: 10, isEmpty: true }, always: { totalMs: 10 } })];
    const [never, always] = summarise(empty, ['never', 'always'], OPTIONS).rows;
    expect(never!.times.firstToken.mean).toBeNaN();
    expect(always!.times.firstToken.mean).toBe(19);
    expect(never!.versus!.firstTokenRatio).toBeUndefined();
    expect(serveMarkdown(summarise(empty, ['never', 'always'], OPTIONS), RUN)).not.toContain('NaN');
  });

  it('is told in two tables, whatever the names', () => {
    const markdown = serveMarkdown(summary, RUN);
    expect(markdown.match(/^\|[ :|-]+\|$/gm)).toHaveLength(2);
    expect(markdown).toContain('m\\|odel');
    expect(markdown).toContain('2 holes of 2 repositories');
  });
});
