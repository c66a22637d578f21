import { openSyntax, type Syntax } from '@repoformer/syntax';
import { beforeAll, describe, expect, it } from 'vitest';
import type { HoleRecord } from '@repoformer/dataset';
import { requestAt } from '../testing/repositories.js';
import { locateHole } from './locate-hole.js';
import { measureRepository, type HoleOutcome, type MeasureOptions } from './measure-repository.js';
import { sampleOf } from './sample-holes.js';
import { setupsOf } from './setup.js';
import { summarise } from './summarise.js';
import { summaryMarkdown } from './summary-markdown.js';
import { newNamesOf } from './truth.js';

let syntax: Syntax;
beforeAll(async () => {
  syntax = await openSyntax();
});

describe('the names that a hole needs', () => {
  const namesOf = async (text: string, middle: string, beforeChars = 60) => {
    const request = requestAt('own.py', text, { visible: { beforeChars, afterChars: 20 } });
    const names = await newNamesOf(request, middle, new Set(['append']), syntax);
    return [[...names.specific], [...names.code], [...names.plain]];
  };

  it('are those that the prompt lacks, without those that everyone uses', async () => {
    expect(await namesOf('seen = 1\n$0\n', 'result.append(seen, novel)')).toEqual([
      ['result', 'novel'],
      ['result', 'append', 'novel'],
      ['result', 'append', 'novel'],
    ]);
  });

  it('are whole words where one is begun or goes on behind the hole', async () => {
    expect(await namesOf('x = pre$0\n', 'pared')).toEqual([['prepared'], ['prepared'], ['pared']]);
    expect(await namesOf('x = $0fix + 1\n', 'pre')).toEqual([['prefix'], ['prefix'], ['pre']]);
  });

  it('are not words of comments and of prose', async () => {
    expect(await namesOf('$0\n', "f('some prose', 'keyword')  # remark")).toEqual([
      ['keyword'],
      ['keyword'],
      ['some', 'prose', 'keyword', 'remark'],
    ]);
  });

  it('may stand further away in the file than the prompt reaches', async () => {
    expect((await namesOf(`known = 1\n${'\n'.repeat(80)}$0`, 'print(known)'))[0]).toEqual(['known']);
    expect((await namesOf(`known = 1\n${'\n'.repeat(80)}$0`, 'print(known)', 100))[0]).toEqual([]);
  });
});

it('finds a hole in its file again, whose record holds only what stands close', () => {
  const text = 'first line\nbefore the hole after\nlast line\n';
  expect(locateHole({ prefix: 'before ', middle: 'the hole', suffix: ' after\n' }, text)).toEqual({
    prefix: 'first line\nbefore ',
    suffix: ' after\nlast line\n',
  });
  expect(locateHole({ prefix: 'before ', middle: 'another', suffix: '' }, text)).toBeUndefined();
});

it('samples holes by their ids; fewer are a part of more', () => {
  const holes = Array.from({ length: 100 }, (_, at) => ({ id: `${at}` }));
  const [few, more] = [sampleOf(holes, 10, 1), sampleOf([...holes].reverse(), 30, 1)];
  expect(few).toHaveLength(10);
  expect(more.map(({ id }) => id)).toEqual(expect.arrayContaining(few.map(({ id }) => id)));
  expect(sampleOf(holes, 10, 2)).not.toEqual(few);
  expect(sampleOf(holes, 200, 1)).toEqual(holes);
});

const record = (id: string, prefix: string, middle: string, suffix: string): HoleRecord =>
  ({ id, repository: 'r', path: 'own.py', language: 'python', prefix, middle, suffix }) as HoleRecord;

const optionsFor = (more: Partial<MeasureOptions> = {}): MeasureOptions => ({
  setups: setupsOf(['jaccard'], ['windows-20']),
  budgets: [20, 200],
  visible: { beforeChars: 60, afterChars: 20 },
  searchOwnFile: true,
  generic: new Set(),
  syntax,
  parts: {},
  signal: new AbortController().signal,
  ...more,
});

it('tells which share of the names is shown within each budget', async () => {
  const texts = [
    { path: 'own.py', text: 'topic = needed(elsewhere, nowhere)\n' },
    { path: 'a.py', text: 'topic = needed()\nelsewhere = 1\n' },
  ];
  const hole = record('1', 'topic = ', 'needed(elsewhere, nowhere)', '\n');
  const lost = record('2', 'gone', 'x', '');
  const result = await measureRepository(texts, [hole, lost], optionsFor());
  expect(result.lost).toBe(1);
  const [outcome] = result.outcomes.get('jaccard windows-20 merged')!;
  // 20 tokens hold the first line: 12 + 17 / 3.1; the second needs 15 / 3.1 more.
  expect(outcome!.shares).toEqual({ specific: [1 / 3, 2 / 3], code: [1 / 3, 2 / 3], plain: [1 / 3, 2 / 3] });
  expect(outcome!.tokens[0]).toBeCloseTo(12 + 17 / 3.1, 10);
  expect(outcome!.tokens[1]).toBeCloseTo(12 + 31 / 3.1, 10);
});

it('asks each retriever once for all selectors', async () => {
  const setups = setupsOf(['needed-names', 'jaccard'], ['windows-20'], ['merged', 'cover-5']);
  expect(setups.map(({ retriever, selector }) => `${retriever} ${selector}`)).toEqual([
    'needed-names merged',
    'needed-names cover-5',
    'jaccard merged',
  ]);
  const texts = [{ path: 'own.py', text: 'x = call()\n' }];
  const result = await measureRepository(
    texts,
    [record('1', 'x = ', 'call()', '\n')],
    optionsFor({ setups }),
  );
  expect([...result.outcomes.values()].map((rows) => rows.length)).toEqual([1, 1, 1]);
});

it('can be stopped', async () => {
  const stopped = optionsFor({ signal: AbortSignal.abort() });
  await expect(
    measureRepository([{ path: 'own.py', text: 'x\n' }], [record('1', '', 'x', '\n')], stopped),
  ).rejects.toMatchObject({ kind: 'cancelled' });
});

describe('the summary', () => {
  const setups = setupsOf(['daemon', 'jaccard'], ['windows-20']);
  const outcome = (repository: string, share: number | undefined, ms: number): HoleOutcome => ({
    id: `${repository}${ms}`,
    repository,
    shares: share === undefined ? {} : { specific: [share], plain: [share] },
    tokens: [100],
    ms,
  });
  const outcomes = new Map([
    ['daemon windows-20 dropped', [outcome('a', 0, 1), outcome('a', 0.5, 2), outcome('b', undefined, 3)]],
    ['jaccard windows-20 merged', [outcome('a', 1, 4), outcome('a', 0.5, 5), outcome('b', undefined, 60)]],
  ]);

  it('is the mean over holes that lack a name, and the difference hole by hole', () => {
    const summary = summarise(setups, outcomes, { budgets: [512], seed: 1 });
    expect(summary.holes).toBe(3);
    expect(summary.holesWith).toEqual({ specific: 2, code: 0, plain: 2 });
    const [first, second] = summary.setups;
    expect(first!.budgets[0]!.recall.specific).toEqual({ value: 25 });
    expect(first!.budgets[0]!.any.specific).toEqual({ value: 50 });
    expect(second!.budgets[0]!.versusFirst.specific).toEqual({ value: 50 });
    expect(second!.medianMs).toBe(5);
    expect(second!.p99Ms).toBe(60);
    const shownAtAll = summaryMarkdown(summary).match(/ \| (\S+) \| 100 \|/g);
    expect(shownAtAll).toEqual([' | 33.3 | 100 |', ' | 66.7 | 100 |']);
  });

  it('has intervals by repository, the same for the same seed', () => {
    const rows = Array.from({ length: 20 }, (_, at) => outcome(`r${at}`, at % 2, at));
    const table = new Map([...outcomes.keys()].map((name) => [name, rows]));
    const summary = summarise(setups, table, { budgets: [512], seed: 1 });
    const { value, low, high } = summary.setups[0]!.budgets[0]!.recall.specific!;
    expect(value).toBe(50);
    // Standard error .5 / sqrt(20).
    expect(low).toBeGreaterThan(20);
    expect(low).toBeLessThan(40);
    expect(high).toBeGreaterThan(60);
    expect(summarise(setups, table, { budgets: [512], seed: 1 })).toEqual(summary);
    expect(summaryMarkdown(summary)).toContain('| daemon | windows-20 | dropped | 50.0 [');
  });
});
