import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCorpusIndex, writeRepository } from '@repoformer/dataset';
import { createNearDuplicateTest, DEFAULT_WINDOW_OPTIONS, rankChunks } from '@repoformer/retrieval';
import { afterAll, expect, it } from 'vitest';
import { fixedWindows } from '../chunkers/fixed-windows.js';
import { RepositoryWords } from '../measure/dataset-record.js';
import { visibleText } from '../measure/truth.js';
import type { ScoredCandidate } from '../ports.js';
import { goldenCorpus, goldenHoles } from '../testing/golden-holes.js';
import { chunkedOf, placesOf, requestAt } from '../testing/repositories.js';
import { daemonRetriever } from './daemon-retriever.js';

const directory = mkdtempSync(join(tmpdir(), 'retrievers-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const TOP = 8;

/** What the daemon makes of a ranking: the best chunks that do not overlap, say something new, and are not the same. */
function asServed(ranking: readonly ScoredCandidate[], isUnwanted: (text: string) => boolean) {
  const documents = [...new Set(ranking.map(({ path }) => path))];
  const chunks = rankChunks(
    ranking.map((chunk) => ({ ...chunk, document: documents.indexOf(chunk.path) })),
    {
      ...DEFAULT_WINDOW_OPTIONS,
      alignment: 'matched',
      topK: TOP,
      isUnwanted,
      linesOf: () => Infinity,
      readLines: (document, from, to) =>
        ranking
          .find(({ path }) => path === documents[document])!
          .lines.slice(from, to)
          .join('\n'),
    },
  );
  return chunks.map(({ document, score, text }) => ({
    path: documents[document],
    score,
    text: withoutBlank(text),
  }));
}

const withoutBlank = (text: string) => text.split('\n').filter((line) => line.trim() !== '');

it('finds what the daemon finds, in the same order with the same scores', async () => {
  const root = join(directory, 'golden');
  const files = Object.entries(goldenCorpus);
  await writeRepository(
    root,
    'golden',
    files.map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
  );
  const index = await openCorpusIndex(root);
  try {
    const retriever = daemonRetriever(
      await chunkedOf(goldenCorpus, () => fixedWindows(DEFAULT_WINDOW_OPTIONS)),
    );
    const words = new RepositoryWords(files.map(([path, text]) => ({ path, text })));
    for (const { request } of goldenHoles()) {
      const { path, prefix, suffix, visible } = request;
      const query = { path, prefix, suffix, visible, topK: TOP, alignment: 'matched' as const };
      const { chunks: served, words: counted } = await index.retrieve({ ...query, retriever: 'bm25' });
      const { chunks } = await retriever.retrieve(request);
      expect(asServed(chunks, createNearDuplicateTest(visibleText(request)))).toEqual(
        served.map(({ path, score, text }) => ({ path, score, text: withoutBlank(text) })),
      );
      // What features are computed from, in the product and in datasets written here.
      expect(words.around(prefix, suffix)).toEqual(counted);
    }
  } finally {
    await index.close();
  }
});

it('asks with the draft, too, where it is told to', async () => {
  const chunked = await chunkedOf({ 'a.py': 'apple = 1\n', 'b.py': 'banana = 2\n', 'c.py': 'cherry = 3\n' });
  const request = requestAt('own.py', 'apple\n$0', { draft: 'banana' });
  const plain = await daemonRetriever(chunked).retrieve(request);
  expect(placesOf(plain.chunks)).toEqual(['a.py:1-1']);
  const drafted = await daemonRetriever(chunked, { withDraft: true }).retrieve(request);
  expect(placesOf(drafted.chunks)).toEqual(['b.py:1-1', 'a.py:1-1']);
});
