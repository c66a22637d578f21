import { describe, expect, it } from 'vitest';
import { sketchHoleRecord, sketchLabel, sketchRun, type LabelSketch } from '../testing.js';
import { compareRuns, type StudiedRun } from './compare-runs.js';
import { studyMarkdown } from './study-markdown.js';

const run = (name: string, sketches: readonly LabelSketch[], readoutTokens?: number[]): StudiedRun => ({
  name,
  run: sketchRun(name, readoutTokens),
  holes: sketches.map((sketch) => ({
    hole: sketchHoleRecord({ ...sketch, chunks: [] }),
    label: sketchLabel(sketch),
    passed: new Map(),
  })),
  unlabelled: 0,
});
const hole = (id: string, completions: LabelSketch['completions'], rest: Partial<LabelSketch> = {}) => ({
  id,
  repository: `test:${id}`,
  completions,
  ...rest,
});
const OPTIONS = { resamples: 200 };

describe('compareRuns', () => {
  it('pairs the holes that all runs have, whatever their order', () => {
    const first = run('first', [hole('a', ['x = 1']), hole('b', ['?????']), hole('c', ['x = 1'])]);
    const second = run('second', [hole('b', ['x = 1']), hole('a', ['x = 1']), hole('d', ['x = 1'])]);
    const { holes, leftOut, repositories, entries } = compareRuns([first, second], OPTIONS);
    expect({ holes, leftOut, repositories }).toEqual({ holes: 2, leftOut: 2, repositories: 2 });
    expect(entries[0]!.rows[0]!.editSimilarity?.estimate).toBe(50);
    expect(entries[1]!.rows[0]!.editSimilarity?.estimate).toBe(100);
    expect(entries[1]!.rows[0]!.versusFirst.editSimilarity?.estimate).toBe(50);
    expect(entries[0]!.rows[0]!.versusFirst).toEqual({});
  });

  it('draws repositories, so that holes of one do not count as many', () => {
    // Twenty equal holes of one repository and one each of five others.
    const many = Array.from({ length: 20 }, (_, at) =>
      hole(`m${at}`, ['x = 1'], { repository: 'test:many', path: `${at}.py` }),
    );
    const few = ['a', 'b', 'c', 'd', 'e'].map((id) => hole(id, ['?????']));
    const { unit, entries } = compareRuns([run('one', [...many, ...few])], { resamples: 1000 });
    const { estimate, low, high } = entries[0]!.rows[0]!.exactMatch!;
    expect(unit).toBe('repository');
    expect(estimate).toBe(80);
    // The repository that is all there is to it is absent from a third of the resamples.
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(90);
  });

  it('tells gain from loss by number of chunks; a hole with fewer counts with all it has', () => {
    const sketches = [
      hole('a', ['?????', 'x = 1', 'x = 1'], { logLikelihoods: [-2, -1, -0.5] }),
      hole('b', ['x = 1', '?????'], { logLikelihoods: [-1, -1.5] }),
      hole('c', ['x = 1'], { logLikelihoods: [-1] }),
      hole('d', ['?????', '?????', 'x = 1'], { logLikelihoods: [-2, -2, -1] }),
    ];
    const { rows } = compareRuns([run('one', sketches)], OPTIONS).entries[0]!;
    expect(rows.map(({ chunks }) => chunks)).toEqual([0, 1, 2]);
    expect(rows[0]!.gain).toEqual({});
    const shares = rows.map(({ better, same, worse }) => [better, same, worse]);
    expect(shares).toEqual([
      [undefined, undefined, undefined],
      [0.25, 0.5, 0.25],
      [0.5, 0.25, 0.25],
    ]);
    expect(rows[1]!.gain.editSimilarity?.estimate).toBe(0);
    expect(rows[2]!.gain.editSimilarity?.estimate).toBe(25);
    expect(rows[2]!.gain.logLikelihood?.estimate).toBeCloseTo((1.5 - 0.5 + 0 + 1) / 4, 12);
    expect(rows[2]!.contextTokens).toBe((200 + 100 + 0 + 200) / 4);
  });

  it('tells copying from what was found from having found nothing', () => {
    const sketches = [hole('a', ['x = 1', 'x = 1'], { alone: '?????' }), hole('b', ['x = 1'])];
    const study = compareRuns([run('one', sketches)], OPTIONS);
    const { rows } = study.entries[0]!;
    expect(rows.map(({ chunks }) => chunks)).toEqual([-1, 0, 1]);
    expect(rows.map(({ editSimilarity }) => editSimilarity?.estimate)).toEqual([50, 100, 100]);
    expect(studyMarkdown(study)).toContain('not even copied from');
  });

  it('has no mean of some of the holes only, and compares likelihoods of one vocabulary only', () => {
    const holes = [hole('a', ['x = 1', undefined]), hole('b', ['x = 1', 'x = 1'])];
    const other = holes.map((each) => ({ ...each, target: 5 }));
    const { entries } = compareRuns([run('a', holes), run('b', other), run('c', holes, [7])], OPTIONS);
    expect(entries.map(({ sharesTokens }) => sharesTokens)).toEqual([true, false, false]);
    expect(entries[0]!.rows[1]!.editSimilarity).toBeUndefined();
    expect(entries[0]!.rows[1]!.better).toBeUndefined();
    expect(entries[0]!.rows[1]!.logLikelihood?.estimate).toBe(-1);
    expect(entries[1]!.rows[0]!.versusFirst.logLikelihood).toBeUndefined();
    expect(entries[1]!.rows[0]!.versusFirst.editSimilarity?.estimate).toBe(0);
  });

  it('says that runs without a common hole cannot be compared', () => {
    expect(() => compareRuns([run('a', [hole('a', [''])]), run('b', [hole('b', [''])])])).toThrow(
      /no hole in common/,
    );
  });
});

describe('studyMarkdown', () => {
  it('is four tables, with a row for each run and number of chunks', () => {
    const study = compareRuns(
      [
        run('base', [hole('a', ['?????', 'x = 1']), hole('b', ['x = 1', 'x = 1'])]),
        run('other', [hole('a', ['x = 1', 'x = 1'])]),
      ],
      OPTIONS,
    );
    const markdown = studyMarkdown(study);
    expect(markdown.match(/^\|[ :|-]+\|$/gm)).toHaveLength(4);
    expect(markdown).toContain('1 label of holes that another run lacks');
    expect(markdown.match(/^\| other +\| 1 /gm)?.length).toBe(3);
    expect(markdown).toMatch(/\+100\.0/);
  });

  it('has no table without rows: a run alone, without context, gains nothing and differs from none', () => {
    const alone = studyMarkdown(compareRuns([run('one', [hole('a', ['x = 1'])])], OPTIONS));
    expect(alone.match(/^\|[ :|-]+\|$/gm)).toHaveLength(2);
  });
});
