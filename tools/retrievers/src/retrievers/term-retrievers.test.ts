import { queryText } from '@repoformer/retrieval';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { wordsOf } from '../corpus/words.js';
import { chunkedOf, placesOf, requestAt } from '../testing/repositories.js';
import { paperRetriever } from './paper-retriever.js';
import {
  bm25Retriever,
  closeBm25Retriever,
  jaccardRetriever,
  weightedJaccardRetriever,
} from './term-retrievers.js';

it('scores by the share of words that query and chunk have in common', async () => {
  const chunked = await chunkedOf({
    'a.py': 'one two three\n',
    'b.py': 'one two five six\n',
    'c.py': 'seven\n',
  });
  const { chunks } = await jaccardRetriever(chunked).retrieve(requestAt('own.py', 'one two nine\n$0'));
  expect(chunks.map(({ path, score }) => [path, score])).toEqual([
    ['a.py', 2 / 4],
    ['b.py', 2 / 5],
  ]);
});

it('sees the parts of names where it is told to', async () => {
  const chunked = await chunkedOf({
    'a.py': 'user_name = 1\n',
    'b.py': 'readUserName()\n',
    'c.py': 'order = 1\n',
  });
  const request = requestAt('own.py', 'parseUserName$0');
  expect((await jaccardRetriever(chunked).retrieve(request)).chunks).toEqual([]);
  const { chunks } = await jaccardRetriever(chunked, 'sub-words').retrieve(request);
  // user, name of parse, user, name; read, user, name.
  expect(chunks.map(({ path, score }) => [path, score])).toEqual([
    ['a.py', 2 / 3],
    ['b.py', 2 / 4],
  ]);
});

it('prefers rare words to common ones', async () => {
  const files = {
    'a.py': 'common rare\n',
    'b.py': 'common often\n',
    'c.py': 'common often\nmore\n',
    'd.py': 'often\n',
  };
  const chunked = await chunkedOf(files);
  const request = requestAt('own.py', 'rare often\n$0');
  const [best, next] = (await weightedJaccardRetriever(chunked).retrieve(request)).chunks;
  expect([best!.path, next!.path]).toEqual(['a.py', 'd.py']);
  expect((await bm25Retriever(chunked).retrieve(request)).chunks[0]!.path).toBe('a.py');
});

it('counts how often a chunk has a word, by BM25', async () => {
  const chunked = await chunkedOf({ 'a.py': 'word other\n', 'b.py': 'word word\n', 'c.py': 'none at all\n' });
  const { chunks } = await bm25Retriever(chunked).retrieve(requestAt('own.py', 'word\n$0'));
  expect(chunks.map(({ path }) => path)).toEqual(['b.py', 'a.py']);
  // One word of the query; two terms in a chunk, 7/3 in the average one.
  const saturation = 1.2 * (0.25 + (0.75 * 2) / (7 / 3));
  expect(chunks[0]!.score).toBeCloseTo(2 / (2 + saturation), 10);
  expect(chunks[1]!.score).toBeCloseTo(1 / (1 + saturation), 10);
});

it('counts words that stand close to the cursor more, where it is told to', async () => {
  const chunked = await chunkedOf({ 'a.py': 'far\n', 'b.py': 'near\n', 'c.py': 'neither\n' });
  const request = requestAt('own.py', 'far\n\n\nnear\n$0');
  expect((await bm25Retriever(chunked).retrieve(request)).chunks.map(({ path }) => path)).toEqual([
    'a.py',
    'b.py',
  ]);
  const close = await closeBm25Retriever(chunked).retrieve(request);
  expect(close.chunks.map(({ path }) => path)).toEqual(['b.py', 'a.py']);
  // Line distances 4 and 1.
  expect(close.chunks[1]!.score / close.chunks[0]!.score).toBeCloseTo(0.6 ** 3, 10);
});

it('takes the lines that follow a hit, of other files only, as the paper does', async () => {
  const file = ['alpha', 'beta', 'gamma', 'delta', 'next 1', 'next 2', 'next 3', 'next 4'].join('\n');
  const chunked = await chunkedOf({ 'a.py': file, 'own.py': file });
  const { chunks } = await paperRetriever(chunked).retrieve(
    requestAt('own.py', 'alpha\nbeta\ngamma\ndelta\n$0'),
  );
  expect(placesOf(chunks)[0]).toBe('a.py:5-8');
  expect(chunks[0]!.score).toBe(1);
  expect(chunks.every(({ path }) => path === 'a.py')).toBe(true);
});

it('finds the same content once, at a path that is not the current one', async () => {
  const chunked = await chunkedOf({ 'a.py': 'same words\n', 'b.py': 'same words\n' });
  const at = async (path: string) =>
    placesOf((await jaccardRetriever(chunked).retrieve(requestAt(path, 'same words\n$0'))).chunks);
  expect(await at('own.py')).toEqual(['a.py:1-1']);
  expect(await at('a.py')).toEqual(['b.py:1-1']);
});

const word = fc.constantFrom('ant', 'bee', 'cat', 'dog', 'eel', 'fox');
const text = fc
  .array(fc.array(word, { maxLength: 3 }), { maxLength: 12 })
  .map((lines) => lines.map((line) => line.join(' ')).join('\n'));

it('equals comparing every chunk with the query one by one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 5 }), text, text, async (texts, prefix, suffix) => {
      const files = Object.fromEntries(texts.map((each, at) => [`${at}.py`, each]));
      const chunked = await chunkedOf(files);
      const request = requestAt('own.py', `${prefix}$0${suffix}`);
      const { chunks } = await jaccardRetriever(chunked).retrieve(request);
      const query = new Set(wordsOf(queryText(prefix, suffix)));
      const current = await chunked.openCurrent(request);
      const all = [
        ...chunked.chunks.map(({ number }) => chunked.candidate(number, request)!),
        ...current.chunks,
      ];
      const naive = all
        .map(({ path, lines, startLine, endLine }) => {
          const words = new Set(wordsOf(lines.slice(startLine, endLine).join('\n')));
          const shared = [...words].filter((each) => query.has(each)).length;
          return { path, startLine, endLine, score: shared / (query.size + words.size - shared) };
        })
        .filter(({ score }) => score > 0)
        .sort(
          (a, b) =>
            b.score - a.score ||
            (a.path < b.path ? -1 : a.path > b.path ? 1 : a.startLine - b.startLine || a.endLine - b.endLine),
        );
      expect(
        chunks.map(({ path, startLine, endLine, score }) => ({ path, startLine, endLine, score })),
      ).toEqual(naive);
    }),
    { numRuns: 100 },
  );
});
