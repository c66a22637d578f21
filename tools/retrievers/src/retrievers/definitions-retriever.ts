import type { ChunkedRepository, TokenChunk } from '../corpus/chunked-repository.js';
import { BestChunks } from '../corpus/term-index.js';
import { wordsOf } from '../corpus/words.js';
import type { Retriever, RetrievalRequest } from '../ports.js';
import { closeWords, queryOf } from './query-words.js';
import { RANKED } from './ranked.js';
import { keyOf } from './fused-retriever.js';

/** How soon a name's distance from the cursor counts against it; further than the lines it counts {@link FAR}. */
const CLOSE = { linesBefore: 24, linesAfter: 12, decay: 0.85 };
const FAR = 0.05;

/** A name that is defined in more places, such as `constructor`, could be any of them. */
const MOST_PLACES = 20;

interface Place {
  readonly fileNumber: number;
  readonly line: number;
}

/**
 * The definitions of names that the current file imports or calls (DraCo): best those that stand close to the cursor,
 * are rare, and are defined in one place.
 */
export async function definitionsRetriever(chunked: ChunkedRepository): Promise<Retriever> {
  const { repository } = chunked;
  const index = chunked.terms();
  const places = new Map<string, Place[]>();
  for (const [fileNumber, { content }] of repository.files.entries()) {
    for (const { name, startLine: line } of (await repository.syntax.of(content))?.definitions ?? []) {
      if (name === '') continue;
      const known = places.get(name);
      if (known) known.push({ fileNumber, line });
      else places.set(name, [{ fileNumber, line }]);
    }
  }
  return {
    async retrieve(request) {
      const { path, prefix, suffix } = request;
      const current = await chunked.openCurrent(request);
      const syntax = await repository.syntax.of({ path, text: `${prefix}${suffix}` });
      const imported = (syntax?.imports ?? []).flatMap(wordsOf);
      const called = (syntax?.calls ?? []).map(({ name }) => name);
      const close = closeWords(queryOf(request), CLOSE, repository.vocabulary);
      const best = new Map<string, { chunk: TokenChunk; score: number }>();
      const offer = (chunk: TokenChunk, score: number) => {
        const key = keyOf(chunk);
        if (score > (best.get(key)?.score ?? 0)) best.set(key, { chunk, score });
      };
      for (const name of new Set([...imported, ...called])) {
        const others = (places.get(name) ?? []).filter(
          ({ fileNumber }) => chunked.pathFor(fileNumber, request) !== undefined,
        );
        const own = (syntax?.definitions ?? []).filter((definition) => definition.name === name);
        const found = others.length + own.length;
        if (found === 0 || found > MOST_PLACES) continue;
        const id = repository.vocabulary.id(name);
        const rarity = index.rarity(id) / index.greatestRarity;
        const score = ((close.get(id) ?? FAR) * rarity) / Math.sqrt(found);
        for (const { fileNumber, line } of others) {
          for (const chunk of chunksAround(committedChunks(chunked, fileNumber, request), line)) {
            offer(chunk, score);
          }
        }
        for (const { startLine } of own) {
          for (const chunk of chunksAround(current.chunks, startLine)) offer(chunk, score);
        }
      }
      const ranked = new BestChunks(RANKED);
      for (const { chunk, score } of best.values()) ranked.insert({ ...chunk, score });
      return { chunks: ranked.chunks };
    },
  };
}

function committedChunks(
  chunked: ChunkedRepository,
  fileNumber: number,
  request: RetrievalRequest,
): TokenChunk[] {
  const { firstChunks } = chunked;
  const count = firstChunks[fileNumber + 1]! - firstChunks[fileNumber]!;
  return Array.from({ length: count }, (_, at) => chunked.candidate(firstChunks[fileNumber]! + at, request)!);
}

/** Of each kind of chunk that has a line, the one that has most of what follows it. */
function chunksAround(chunks: readonly TokenChunk[], line: number): TokenChunk[] {
  return (['code', 'signature'] as const).flatMap((kind) => {
    const around = chunks.filter(
      (chunk) => chunk.kind === kind && chunk.startLine <= line && line < chunk.endLine,
    );
    if (around.length === 0) return [];
    return [around.reduce((best, chunk) => (chunk.endLine > best.endLine ? chunk : best))];
  });
}
