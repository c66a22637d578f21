import type { ChunkedRepository, TokenChunk } from '../corpus/chunked-repository.js';
import { BestChunks } from '../corpus/term-index.js';
import type { Retriever } from '../ports.js';
import { lastLines } from '@repoformer/retrieval';
import { queryOf } from './query-words.js';
import { RANKED } from './ranked.js';

/** Makes vectors of texts, such as an embedding model does: one for each, all of one length. */
export type Embed = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

/** Lines of the query; dense retrievers are asked with what they were trained on, code before a cursor. */
const QUERY_LINES = 20;
/** Texts embedded at a time. */
const BATCH = 64;

/** Cosine similarity of embeddings. All chunks are embedded beforehand, those of the current file at each request. */
export async function denseRetriever(chunked: ChunkedRepository, embed: Embed): Promise<Retriever> {
  const { repository, chunks } = chunked;
  const texts = chunks.map(({ fileNumber, startLine, endLine }) =>
    repository.files[fileNumber]!.content.lines.slice(startLine, endLine).join('\n'),
  );
  const vectors: Float32Array[] = [];
  for (let at = 0; at < texts.length; at += BATCH) {
    vectors.push(...(await embed(texts.slice(at, at + BATCH))).map(unit));
  }
  return {
    async retrieve(request) {
      const current = await chunked.openCurrent(request);
      const { prefix } = queryOf(request);
      const [query, ...own] = (
        await embed([
          lastLines(prefix, QUERY_LINES),
          ...current.chunks.map(({ lines, startLine, endLine }) =>
            lines.slice(startLine, endLine).join('\n'),
          ),
        ])
      ).map(unit);
      const best = new BestChunks(RANKED);
      const offer = (candidate: TokenChunk | undefined, vector: Float32Array) => {
        if (candidate === undefined) return;
        const score = (1 + cosine(query!, vector)) / 2;
        if (score > best.least) best.insert({ ...candidate, score });
      };
      vectors.forEach((vector, number) => offer(chunked.candidate(number, request), vector));
      current.chunks.forEach((chunk, at) => offer(chunk, own[at]!));
      return { chunks: best.chunks };
    },
  };
}

/** A vector of length 1 in the same direction; nothing but zeros stays as it is. */
function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return Math.max(-1, Math.min(1, sum));
}
