import { seededRandom } from '../files/seeded-random.js';
import { bracketDepth } from './bracket-depth.js';
import { randomOf, shuffled, type Candidate, type Randomness } from './candidate.js';
import { isInProse } from './hole-rules.js';
import { kMeans } from './k-means.js';
import { overlapping, type Line, type SourceFile } from './source-file.js';
import { hashedTfIdf } from './sparse-vector.js';

/** Lines of a chunk that are not blank, and the mean of the lines to complete, as in the paper (section 4.1). */
const CHUNK_LINES = 10;
const MEAN_LINES = 3;
const MAX_LINES = 10;
const DIMENSIONS = 512;
/** More chunks than this are not clustered but drawn from: the clusters of a sample are those of the whole. */
const MAX_CHUNKS = 4_000;
const MAX_CLUSTERS = 64;

/**
 * Languages whose chunks end where a statement or definition does: where blocks are marked by brackets, a third of
 * the ends would be inside of one else. The other languages' chunks are cut as in the paper, for the standing
 * benchmark was drawn so.
 */
const WHOLE_STATEMENTS = new Set(['go', 'java', 'rust']);
/** How a line begins that goes on with what stands before it: operators that stand alone, and words in between. */
const CONTINUES =
  /^(?:[.?:=|)\]}{]|&&|[-+*/%] |(?:else|catch|finally|where|throws|extends|implements|instanceof)\b)/;
/** Attributes belong to what follows, as does what a bracket opens. */
const PRECEDES = /^(?:@\w|#!?\[)|[([{]$/;

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
  const drawn = lastOfBlock(file, first, length);
  const last = WHOLE_STATEMENTS.has(file.language) ? lastOfStatement(file, first, drawn) : drawn;
  return last === undefined
    ? undefined
    : { start: file.lines[first]!.codeStart, end: file.lines[last]!.codeEnd };
}

/** The last of so many lines that is still in the first one's block: what is indented less begins something else. */
function lastOfBlock({ lines }: SourceFile, first: number, length: number): number {
  const indentation = indentationOf(lines[first]!);
  let last = first;
  for (let line = first + 1; line < Math.min(first + length, lines.length); line++) {
    const { codeStart, codeEnd } = lines[line]!;
    if (codeEnd <= codeStart) continue;
    if (indentationOf(lines[line]!) < indentation) break;
    last = line;
  }
  return last;
}

/** Of the lines that end as much as they begin, the one nearest to the line drawn, at most so many from the first. */
function lastOfStatement(file: SourceFile, first: number, drawn: number): number | undefined {
  const limit = Math.min(first + MAX_LINES, file.lines.length);
  const indentation = indentationOf(file.lines[first]!);
  let nearest: number | undefined;
  for (let line = first; line < limit; line++) {
    const { codeStart, codeEnd } = file.lines[line]!;
    // What is indented less is outside of the block.
    if (codeEnd > codeStart && indentationOf(file.lines[line]!) < indentation) break;
    if (nearest !== undefined && line - drawn >= Math.abs(nearest - drawn)) break;
    if (endsStatement(file, first, line)) nearest = line;
  }
  return nearest;
}

function endsStatement(file: SourceFile, first: number, last: number): boolean {
  const { lines, text, tree } = file;
  const { codeStart, codeEnd } = lines[last]!;
  if (codeEnd <= codeStart || PRECEDES.test(text.slice(codeStart, codeEnd))) return false;
  // A remark is about what follows.
  if (
    overlapping(tree.comments(), codeStart, codeEnd).some(
      ({ start, end }) => start <= codeStart && end >= codeEnd,
    )
  )
    return false;
  if (bracketDepth(file, lines[first]!.codeStart, codeEnd) !== 0) return false;
  const next = lines.slice(last + 1, last + 1 + MAX_LINES).find((line) => line.codeEnd > line.codeStart);
  if (!next) return true;
  const deeper = indentationOf(next) - indentationOf(lines[first]!);
  return deeper < 0 || (deeper === 0 && !CONTINUES.test(text.slice(next.codeStart, next.codeEnd)));
}

function indentationOf({ start, codeStart }: Line): number {
  return codeStart - start;
}

/** Knuth's method: good for small means. */
function poisson(mean: number, next: () => number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = next(); product > limit; product *= next()) count += 1;
  return count;
}
