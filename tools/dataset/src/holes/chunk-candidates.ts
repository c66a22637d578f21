import { seededRandom } from '../files/seeded-random.js';
import { randomOf, shuffled, type Candidate, type Randomness } from './candidate.js';
import { isInProse } from './hole-rules.js';
import { kMeans } from './k-means.js';
import type { SourceFile } from './source-file.js';
import { hashedTfIdf } from './sparse-vector.js';

/** Lines of a chunk that are not blank, and the mean of the lines to complete, as in the paper (section 4.1). */
const CHUNK_LINES = 10;
const MEAN_LINES = 3;
const MAX_LINES = 10;
const DIMENSIONS = 512;
/** More chunks than this are not clustered but drawn from: the clusters of a sample are those of the whole. */
const MAX_CHUNKS = 4_000;
const MAX_CLUSTERS = 64;

interface ChunkCandidate extends Candidate {
  readonly lines: readonly number[];
}

/**
 * Spans of k ~ Poisson(3) lines, clipped to 1..10 and to the block they begin in, from 10-line chunks of the
 * repository. Chunks are clustered by their words and clusters take turns, so that holes are spread over what the repository does. The
 * number of clusters follows from the repository alone: were it the number of holes wanted, as in the paper, asking
 * for more holes would change all of them.
 */
export function chunkCandidates(files: readonly SourceFile[], randomness: Randomness): Candidate[] {
  const chunks = shuffled(files.flatMap(chunksOf(randomness)), randomness, 'chunk').slice(0, MAX_CHUNKS);
  if (chunks.length === 0) return [];
  const texts = chunks.map(({ file, lines }) =>
    file.text.slice(file.lines[lines[0]!]!.start, file.lines[lines.at(-1)!]!.codeEnd),
  );
  const clusters = Math.min(MAX_CLUSTERS, Math.ceil(Math.sqrt(chunks.length)));
  const random = seededRandom(JSON.stringify([randomness.seed, randomness.repository, 'clusters']));
  const vectors = hashedTfIdf(texts, DIMENSIONS);
  const { assignment } = kMeans(vectors, { clusters, dimensions: DIMENSIONS, random });
  return inTurns(chunks, assignment);
}

/** The first of each cluster, then the second of each, and so on; clusters in the order of their first member. */
function inTurns<T>(items: readonly T[], assignment: Uint32Array): T[] {
  const turns = new Map<number, number>();
  const placed = items.map((item, index) => {
    const cluster = assignment[index]!;
    const turn = turns.get(cluster) ?? 0;
    turns.set(cluster, turn + 1);
    return { item, turn, index };
  });
  placed.sort((a, b) => a.turn - b.turn || a.index - b.index);
  return placed.map(({ item }) => item);
}

function chunksOf(randomness: Randomness): (file: SourceFile) => ChunkCandidate[] {
  return (file) => {
    const full = file.lines.flatMap(({ codeStart, codeEnd }, line) => (codeEnd > codeStart ? [line] : []));
    const chunks: ChunkCandidate[] = [];
    for (let at = 0; at < full.length; at += CHUNK_LINES) {
      const lines = full.slice(at, at + CHUNK_LINES);
      const startLine = lines[0]!;
      chunks.push({
        kind: 'chunk',
        file,
        startLine,
        lines,
        range: () => spanIn(file, lines, randomness),
      });
    }
    return chunks;
  };
}

function spanIn(
  file: SourceFile,
  chunk: readonly number[],
  randomness: Randomness,
): { start: number; end: number } | undefined {
  const random = randomOf(randomness, file, 'chunk span', chunk[0]!);
  const length = Math.min(MAX_LINES, Math.max(1, poisson(MEAN_LINES, random.next)));
  const comments = new Set(file.tree.comments().map(({ start }) => start));
  const places = chunk.filter((line) => {
    const { codeStart } = file.lines[line]!;
    const closes = ')]}'.includes(file.text[codeStart]!);
    return !closes && !isInProse(file, codeStart) && !comments.has(codeStart);
  });
  if (places.length === 0) return undefined;
  const first = places[random.below(places.length)]!;
  return { start: file.lines[first]!.codeStart, end: file.lines[lastOfBlock(file, first, length)]!.codeEnd };
}

/** The last of so many lines that is still in the first one's block: what is indented less begins something else. */
function lastOfBlock({ lines }: SourceFile, first: number, length: number): number {
  const indentation = lines[first]!.codeStart - lines[first]!.start;
  let last = first;
  for (let line = first + 1; line < Math.min(first + length, lines.length); line++) {
    const { start, codeStart, codeEnd } = lines[line]!;
    if (codeEnd <= codeStart) continue;
    if (codeStart - start < indentation) break;
    last = line;
  }
  return last;
}

/** Knuth's method: good for small means. */
function poisson(mean: number, next: () => number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = next(); product > limit; product *= next()) count += 1;
  return count;
}
