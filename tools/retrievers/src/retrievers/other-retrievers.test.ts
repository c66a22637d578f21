import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blankLineBlocks } from '../chunkers/line-blocks.js';
import type { ScoredCandidate } from '../ports.js';
import { chunkedOf, placesOf, requestAt } from '../testing/repositories.js';
import { calleeAround, namesAtCursor, receiverAt } from './cursor-names.js';
import { definitionsRetriever } from './definitions-retriever.js';
import { denseRetriever } from './dense-retriever.js';
import { fuse, fusedRetriever } from './fused-retriever.js';
import { NgramMatch } from './ngram-retriever.js';
import { jaccardRetriever } from './term-retrievers.js';
import { usagesRetriever } from './usages-retriever.js';

const blocks = () => blankLineBlocks(10);

describe('definitions', () => {
  const files = {
    'shapes.py': 'def area(r):\n    return r * r\n\n\n\n\n\n\n\n\n\ndef volume(r):\n    return r ** 3\n',
    'other.py': 'def unrelated():\n    return 1\n',
  };

  it('finds where names are defined that the file imports or calls, the closest first', async () => {
    const chunked = await chunkedOf(files, blocks);
    const text = 'from shapes import area, volume\n\n\nprint(volume(2))\nx = $0\n';
    const { chunks } = await (await definitionsRetriever(chunked)).retrieve(requestAt('own.py', text));
    expect(placesOf(chunks)).toEqual(['shapes.py:12-13', 'shapes.py:1-2']);
  });

  it('finds those of the current file that the prompt does not show', async () => {
    const chunked = await chunkedOf({}, blocks);
    const own = `def helper():\n    return 1\n${'\n'.repeat(100)}helper()\n$0\n${'\n'.repeat(100)}class Late:\n    pass\n`;
    const retriever = await definitionsRetriever(chunked);
    expect(placesOf((await retriever.retrieve(requestAt('own.py', own))).chunks)).toEqual(['own.py:1-2']);
    const visible = requestAt('own.py', own, { visible: { beforeChars: 500, afterChars: 0 } });
    expect((await retriever.retrieve(visible)).chunks).toEqual([]);
  });
});

describe('usages', () => {
  it('knows what a completion is about', () => {
    expect(receiverAt('x = client.')).toBe('client');
    expect(receiverAt('client?.')).toBe('client');
    expect(receiverAt('x = 1')).toBeUndefined();
    expect(calleeAround('send(first(1), ')).toBe('send');
    expect(calleeAround('send(first(')).toBe('first');
    expect(calleeAround('done()')).toBeUndefined();
    expect(namesAtCursor({ prefix: 'render(client.fet', suffix: '' })).toEqual(['client', 'render']);
    expect(namesAtCursor({ prefix: 'open_file()\n\n    ', suffix: '' })).toEqual(['open_file']);
    expect(namesAtCursor({ prefix: '', suffix: '' })).toEqual([]);
  });

  it('finds chunks that use it, and nothing where there is no name', async () => {
    const chunked = await chunkedOf(
      { 'a.py': 'client.fetch(url)\n', 'b.py': 'render(page)\n', 'c.py': 'nothing = 1\n' },
      blocks,
    );
    const retriever = usagesRetriever(chunked);
    const { chunks } = await retriever.retrieve(requestAt('own.py', 'render(client.$0'));
    expect(placesOf(chunks)).toEqual(['a.py:1-1', 'b.py:1-1']);
    expect((await retriever.retrieve(requestAt('own.py', '$0'))).chunks).toEqual([]);
  });
});

/** CodeBLEU's weighted n-gram match as its released code computes it. */
function naiveMatch(
  reference: readonly number[],
  keywords: ReadonlySet<number>,
  hypothesis: readonly number[],
) {
  const count = (tokens: readonly number[], n: number) => {
    const counts = new Map<string, number>();
    for (let at = 0; at + n <= tokens.length; at++) {
      const key = tokens.slice(at, at + n).join(' ');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  };
  let logarithm = 0;
  for (let n = 1; n <= 4; n++) {
    const [wanted, has] = [count(reference, n), count(hypothesis, n)];
    let [matched, total] = [0, 0];
    for (const [key, times] of wanted) {
      const weight = n > 1 ? 1 : keywords.has(Number(key)) ? 1 : 0.2;
      matched += weight * Math.min(times, has.get(key) ?? 0);
      total += weight * times;
    }
    if (n === 1 && matched === 0) return 0;
    logarithm += Math.log(Math.min(1, Math.max(matched, 0.1) / Math.max(1, total))) / 4;
  }
  return Math.exp(logarithm + Math.min(0, 1 - reference.length / hypothesis.length));
}

describe('n-grams', () => {
  it('match as if counted one by one', () => {
    const tokens = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 20 });
    const keywords = new Set([0, 1]);
    fc.assert(
      fc.property(tokens, fc.array(tokens, { minLength: 1, maxLength: 3 }), (reference, hypotheses) => {
        const match = new NgramMatch(
          reference,
          reference.map((token) => keywords.has(token)),
        );
        for (const hypothesis of hypotheses) {
          const padded = Int32Array.of(9, ...hypothesis, 9);
          expect(match.score(padded, 1, padded.length - 1)).toBeCloseTo(
            naiveMatch(reference, keywords, hypothesis),
            10,
          );
        }
      }),
    );
  });

  it('are all the same in the same text', () => {
    const match = new NgramMatch([1, 2, 3, 4, 5, 6], [true, false, false, false, false, false]);
    expect(match.score(Int32Array.of(1, 2, 3, 4, 5, 6), 0, 6)).toBe(1);
    expect(match.score(Int32Array.of(7, 8), 0, 2)).toBe(0);
  });
});

const candidate = (path: string, score: number): ScoredCandidate => ({
  path,
  score,
  isOwn: false,
  lines: ['x'],
  startLine: 0,
  endLine: 1,
  kind: 'code',
});

describe('fusion', () => {
  it('adds up reciprocal ranks', () => {
    const ranking = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'));
    fc.assert(
      fc.property(fc.array(ranking, { minLength: 1, maxLength: 4 }), (rankings) => {
        const fused = fuse(rankings.map((paths) => ({ chunks: paths.map((path) => candidate(path, 1)) })));
        const naive = [...new Set(rankings.flat())]
          .map((path) => {
            const sum = rankings
              .filter((paths) => paths.includes(path))
              .reduce((total, paths) => total + 1 / (61 + paths.indexOf(path)), 0);
            return { path, score: sum / (rankings.length / 61) };
          })
          .sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1));
        expect(fused.map(({ path }) => path)).toEqual(naive.map(({ path }) => path));
        fused.forEach(({ score }, at) => expect(score).toBeCloseTo(naive[at]!.score, 10));
      }),
    );
  });

  it('asks all of them', async () => {
    const chunked = await chunkedOf({ 'a.py': 'user_name = 1\n', 'b.py': 'userName\n' }, blocks);
    const fused = fusedRetriever([jaccardRetriever(chunked), jaccardRetriever(chunked, 'sub-words')]);
    const { chunks } = await fused.retrieve(requestAt('own.py', 'userName$0'));
    expect(placesOf(chunks)).toEqual(['b.py:1-1', 'a.py:1-1']);
    // By the parts of names both are the same, and the paths decide.
    expect(chunks[0]!.score).toBeCloseTo((1 + 61 / 62) / 2, 10);
  });
});

describe('dense', () => {
  /** How often each letter occurs. */
  const embed = (texts: readonly string[]) =>
    Promise.resolve(
      texts.map((text) =>
        Float32Array.from({ length: 26 }, (_, at) => text.split(String.fromCharCode(97 + at)).length - 1),
      ),
    );

  it('ranks by the angle between vectors, those of the current file made anew', async () => {
    const chunked = await chunkedOf({ 'a.py': 'aabb\n', 'b.py': 'ab\ncc\n', 'c.py': 'zz\n' }, blocks);
    const retriever = await denseRetriever(chunked, embed);
    const own = `bbb\n${'\n'.repeat(100)}ab$0`;
    const { chunks } = await retriever.retrieve(requestAt('own.py', own));
    expect(placesOf(chunks)).toEqual(['a.py:1-1', 'own.py:1-1', 'b.py:1-2', 'c.py:1-1']);
    expect(chunks[0]!.score).toBeCloseTo(1, 6);
    expect(chunks[1]!.score).toBeCloseTo((1 + 1 / Math.SQRT2) / 2, 6);
    expect(chunks[3]!.score).toBeCloseTo(0.5, 6);
  });
});
