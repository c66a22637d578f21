import { expect, it } from 'vitest';
import { inputDigest } from './label-holes.js';
import type { LabelRecord } from './label-record.js';
import { labelStatistics } from './label-statistics.js';
import { holeOf, runOf } from './testing.js';

const holes = [holeOf(0), holeOf(1), { ...holeOf(2), kind: 'call' as const }];

/** Labels for holes as they are, with these edit similarities without and with context. */
const labelsOf = (...similarities: readonly (readonly [number, number])[]) =>
  new Map<string, LabelRecord>(
    similarities.map(([without, withContext], at) => {
      const hole = holes[at]!;
      const run = runOf('a', 'b');
      const [first, second] = run.variants;
      const variants = [
        { ...first, editSimilarity: without },
        { ...second!, editSimilarity: withContext },
      ] as const;
      return [hole.id, { schema: 1, id: hole.id, input: inputDigest(hole), ...run, variants }];
    }),
  );

it('tells how often context helps, in all and by kind', () => {
  const { groups, stale } = labelStatistics(holes, labelsOf([40, 60], [50, 50], [80, 20]));
  expect(stale).toBe(0);
  expect(groups.map(({ group, holes: count }) => [group, count])).toEqual([
    ['all', 3],
    ['train', 3],
    ['line', 2],
    ['python', 3],
    ['context retrieved', 3],
    ['call', 1],
  ]);
  const third = expect.closeTo(1 / 3, 9) as number;
  expect(groups[0]).toMatchObject({ better: third, same: third, worse: third, likelihoodGain: 0.5 });
  expect(groups[2]).toMatchObject({ better: 0.5, worse: 0, without: 45, withContext: 55, oracle: 55 });
});

it('leaves out labels of holes that were built anew, and counts them', () => {
  const labels = labelsOf([40, 60], [50, 50], [80, 20]);
  const chunk = { path: 'other.py', startLine: 0, endLine: 1, score: 0.1, text: 'new = text' };
  const [hole] = holes;
  const changed = { ...hole!, context: { ...hole!.context, chunks: [chunk] } };
  const { groups, stale } = labelStatistics([changed, holes[1]!], labels);
  expect(stale).toBe(1);
  expect(groups[0]).toMatchObject({ group: 'all', holes: 1, better: 0, same: 1 });
  expect(labelStatistics([changed], labels)).toEqual({ groups: [], stale: 1 });
});
