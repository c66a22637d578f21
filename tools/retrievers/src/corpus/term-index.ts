import type { RetrievalRequest } from '../ports.js';
import type { ChunkedRepository, CurrentFile, TokenChunk } from './chunked-repository.js';
import type { TokenFile } from './token-file.js';
import type { Vocabulary } from './vocabulary.js';

/** What counts as a term: whole words, or the parts of names. */
export type TermKind = 'words' | 'sub-words';

/** How a chunk's score comes of the query's terms that it has. */
export interface TermMeasure {
  /**
   * What one of them adds to the sum.
   *
   * @param count how often the chunk has it
   * @param terms of the chunk, each as often as it occurs
   */
  gain(weight: number, count: number, terms: number): number;
  /**
   * In [0, 1].
   *
   * @param distinct terms of the chunk
   * @param rarity sum of theirs
   */
  score(sum: number, distinct: number, rarity: number): number;
}

export type ScoredChunk = TokenChunk & { readonly score: number };

/** Which chunks have which terms. */
export class TermIndex {
  /** Chunks that have any term. */
  readonly chunkCount: number;
  /** Terms of the average chunk, with repetitions and without. */
  readonly averageTerms: number;
  readonly averageDistinct: number;
  readonly #postingStarts: Int32Array;
  readonly #postings: Int32Array;
  readonly #counts: Uint16Array;
  readonly #terms: Int32Array;
  readonly #distinct: Int32Array;
  readonly #rarity: Float64Array;
  readonly #sums: Float64Array;

  constructor(
    readonly chunked: ChunkedRepository,
    readonly kind: TermKind,
  ) {
    const { repository, chunks } = chunked;
    const counted = chunks.map(({ fileNumber, startLine, endLine }) =>
      countTerms(repository.files[fileNumber]!.content, startLine, endLine, repository.vocabulary, kind),
    );
    const termCount = kind === 'words' ? repository.vocabulary.size : repository.vocabulary.partCount;
    const starts = new Int32Array(termCount + 1);
    for (const counts of counted) for (const term of counts.keys()) starts[term + 1]!++;
    for (let term = 0; term < termCount; term++) starts[term + 1]! += starts[term]!;
    this.#postingStarts = starts;
    this.#postings = new Int32Array(starts[termCount]!);
    this.#counts = new Uint16Array(starts[termCount]!);
    const next = starts.slice();
    counted.forEach((counts, chunk) => {
      for (const [term, count] of counts) {
        const at = next[term]!++;
        this.#postings[at] = chunk;
        this.#counts[at] = Math.min(count, 65_535);
      }
    });
    this.chunkCount = counted.filter(({ size }) => size > 0).length;
    this.#terms = Int32Array.from(counted, (counts) => sumOf(counts.values()));
    this.#distinct = Int32Array.from(counted, ({ size }) => size);
    this.#rarity = Float64Array.from(counted, (counts) => this.#rarityOf(counts));
    this.#sums = new Float64Array(chunks.length);
    this.averageTerms = sumOf(this.#terms) / Math.max(1, this.chunkCount);
    this.averageDistinct = sumOf(this.#distinct) / Math.max(1, this.chunkCount);
  }

  /** In how many chunks a term occurs. */
  frequency(term: number): number {
    return this.#end(term) - this.#start(term);
  }

  /** In how many chunks of one file. */
  frequencyInFile(term: number, fileNumber: number): number {
    const { firstChunks } = this.chunked;
    const from = this.#lowerBound(term, firstChunks[fileNumber]!);
    return this.#lowerBound(term, firstChunks[fileNumber + 1]!) - from;
  }

  /** BM25's inverse document frequency: how much a term tells. */
  rarity(term: number): number {
    const frequency = this.frequency(term);
    return Math.log(1 + (this.chunkCount - frequency + 0.5) / (frequency + 0.5));
  }

  /** Rarity of a term that no chunk has. */
  get greatestRarity(): number {
    return Math.log(1 + (this.chunkCount + 0.5) / 0.5);
  }

  /** The chunks of any file that a term occurs in, in order of their numbers. */
  chunksWith(term: number): Int32Array {
    return this.#postings.subarray(this.#start(term), this.#end(term));
  }

  /**
   * The best chunks of other files and of the current one: by score, then path, then line.
   *
   * @param weights of the query's terms
   */
  search(
    weights: ReadonlyMap<number, number>,
    measure: TermMeasure,
    request: RetrievalRequest,
    current: Pick<CurrentFile, 'chunks'>,
    limit: number,
  ): ScoredChunk[] {
    const best = new BestChunks(limit);
    for (const number of this.#touched(weights, measure)) {
      const score = measure.score(this.#sums[number]!, this.#distinct[number]!, this.#rarity[number]!);
      this.#sums[number] = 0;
      if (score <= best.least) continue;
      const candidate = this.chunked.candidate(number, request);
      if (candidate) best.insert({ ...candidate, score });
    }
    for (const candidate of current.chunks) {
      const score = this.scoreOf(weights, measure, candidate);
      if (score > best.least) best.insert({ ...candidate, score });
    }
    return best.chunks;
  }

  /** The score of any lines, in the index or not. */
  scoreOf(
    weights: ReadonlyMap<number, number>,
    measure: TermMeasure,
    { file, startLine, endLine }: Pick<TokenChunk, 'file' | 'startLine' | 'endLine'>,
  ): number {
    const counts = countTerms(file, startLine, endLine, this.chunked.repository.vocabulary, this.kind);
    const terms = sumOf(counts.values());
    let sum = 0;
    for (const [term, count] of counts) {
      const weight = weights.get(term);
      if (weight !== undefined && weight > 0) sum += measure.gain(weight, count, terms);
    }
    return sum === 0 ? 0 : measure.score(sum, counts.size, this.#rarityOf(counts));
  }

  /** Adds up the gains; returns the chunks that have any. Their sums are for the caller to set to 0. */
  #touched(weights: ReadonlyMap<number, number>, measure: TermMeasure): number[] {
    const touched: number[] = [];
    for (const [term, weight] of weights) {
      if (weight <= 0) continue;
      for (let at = this.#start(term); at < this.#end(term); at++) {
        const number = this.#postings[at]!;
        const sum = this.#sums[number]!;
        if (sum === 0) touched.push(number);
        this.#sums[number] = sum + measure.gain(weight, this.#counts[at]!, this.#terms[number]!);
      }
    }
    return touched;
  }

  #rarityOf(counts: ReadonlyMap<number, number>): number {
    let sum = 0;
    for (const term of counts.keys()) sum += this.rarity(term);
    return sum;
  }

  /** Terms that were met after the index was made have no postings. */
  #start(term: number): number {
    return this.#postingStarts[term] ?? this.#postings.length;
  }

  #end(term: number): number {
    return this.#postingStarts[term + 1] ?? this.#postings.length;
  }

  #lowerBound(term: number, chunk: number): number {
    let low = this.#start(term);
    let high = this.#end(term);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#postings[middle]! < chunk) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Keeps the best: by score, then path, then line. */
export class BestChunks {
  readonly #best: ScoredChunk[] = [];

  constructor(private readonly limit: number) {}

  /** A chunk must score more than this to be worth a look; equal ones may still win by their path. */
  get least(): number {
    return this.#best.length < this.limit ? 0 : this.#best.at(-1)!.score - Number.EPSILON;
  }

  get chunks(): ScoredChunk[] {
    return this.#best;
  }

  insert(chunk: ScoredChunk): void {
    let low = 0;
    for (let high = this.#best.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (compareChunks(this.#best[middle]!, chunk) <= 0) low = middle + 1;
      else high = middle;
    }
    this.#best.splice(low, 0, chunk);
    if (this.#best.length > this.limit) this.#best.pop();
  }
}

export function compareChunks(a: ScoredChunk, b: ScoredChunk): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.startLine - b.startLine || a.endLine - b.endLine;
}

/** Visits the terms of some lines in order, repeated ones too. */
export function forEachTerm(
  { tokens, lineStarts }: TokenFile,
  startLine: number,
  endLine: number,
  vocabulary: Vocabulary,
  kind: TermKind,
  visit: (term: number) => void,
): void {
  for (let at = lineStarts[startLine]!; at < lineStarts[endLine]!; at++) {
    const token = tokens[at]!;
    if (!vocabulary.isWord(token)) continue;
    if (kind === 'words') visit(token);
    else for (const part of vocabulary.parts(token)) visit(part);
  }
}

export function countTerms(
  file: TokenFile,
  startLine: number,
  endLine: number,
  vocabulary: Vocabulary,
  kind: TermKind,
): Map<number, number> {
  const counts = new Map<number, number>();
  forEachTerm(file, startLine, endLine, vocabulary, kind, (term) => {
    counts.set(term, (counts.get(term) ?? 0) + 1);
  });
  return counts;
}

function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
