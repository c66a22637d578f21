import { queryText, splitLines } from '@repoformer/retrieval';
import type { ChunkedRepository, TokenChunk } from '../corpus/chunked-repository.js';
import { BestChunks } from '../corpus/term-index.js';
import { isKeyword, tokensOf } from '../corpus/words.js';
import type { Retriever } from '../ports.js';
import { queryOf } from './query-words.js';
import { RANKED } from './ranked.js';

const LONGEST = 4;
/** What keywords and other tokens count among single tokens, as in CodeBLEU's released code. */
const KEYWORD_WEIGHT = 1;
const OTHER_WEIGHT = 0.2;
/** Stands in for a number of matches of 0, whose logarithm is not defined (smoothing 1 of Chen and Cherry). */
const EPSILON = 0.1;

/**
 * CodeBLEU's weighted n-gram match (Ren et al., 2020) of each chunk with the lines around the cursor: the geometric
 * mean, over n = 1 to 4, of the share of their n-grams that the chunk has, keywords counting five times as much
 * as other tokens, less where the chunk is the shorter.
 */
export function ngramRetriever(chunked: ChunkedRepository): Retriever {
  const { vocabulary } = chunked.repository;
  return {
    async retrieve(request) {
      const current = await chunked.openCurrent(request);
      const { prefix, suffix } = queryOf(request);
      const tokens = splitLines(queryText(prefix, suffix)).flatMap(tokensOf);
      const match = new NgramMatch(
        tokens.map((token) => vocabulary.id(token)),
        tokens.map(isKeyword),
      );
      const best = new BestChunks(RANKED);
      const offer = (candidate: TokenChunk | undefined) => {
        if (candidate === undefined) return;
        const { file, startLine, endLine } = candidate;
        const score = match.score(file.tokens, file.lineStarts[startLine]!, file.lineStarts[endLine]!);
        if (score > best.least) best.insert({ ...candidate, score });
      };
      chunked.chunks.forEach(({ number }) => offer(chunked.candidate(number, request)));
      current.chunks.forEach(offer);
      return { chunks: best.chunks };
    },
  };
}

/** The n-grams of a reference as a tree of tokens, to count those of many candidates against. */
export class NgramMatch {
  /** Number of each token of the reference, from 1. */
  readonly #local = new Map<number, number>();
  /** Node of the tree for each node and local token; 0: none. */
  readonly #next: Int32Array;
  readonly #depth: Uint8Array;
  /** How often the reference has each node's n-gram, and what one of them counts. */
  readonly #wanted: Float64Array;
  readonly #weight: Float64Array;
  readonly #found: Float64Array;
  readonly #totals: readonly number[];

  /** @param isKeyword for each token of the reference */
  constructor(
    private readonly reference: readonly number[],
    isKeyword: readonly boolean[],
  ) {
    for (const token of reference) {
      if (!this.#local.has(token)) this.#local.set(token, this.#local.size + 1);
    }
    const width = this.#local.size + 1;
    const nodes = reference.length * LONGEST + 1;
    this.#next = new Int32Array(nodes * width);
    this.#depth = new Uint8Array(nodes);
    this.#wanted = new Float64Array(nodes);
    this.#weight = new Float64Array(nodes).fill(1);
    this.#found = new Float64Array(nodes);
    let used = 1;
    reference.forEach((_, start) => {
      let node = 0;
      for (let depth = 1; depth <= LONGEST && start + depth <= reference.length; depth++) {
        const place = node * width + this.#local.get(reference[start + depth - 1]!)!;
        node = this.#next[place] || (this.#next[place] = used++);
        this.#depth[node] = depth;
        this.#wanted[node]!++;
        if (depth === 1) this.#weight[node] = isKeyword[start] ? KEYWORD_WEIGHT : OTHER_WEIGHT;
      }
    });
    const totals = new Array<number>(LONGEST + 1).fill(0);
    for (let node = 1; node < used; node++) {
      totals[this.#depth[node]!]! += this.#wanted[node]! * this.#weight[node]!;
    }
    this.#totals = totals;
  }

  /** Of tokens `from` to `to` (exclusive), in [0, 1]; 0 where not even a token is shared. */
  score(tokens: Int32Array, from: number, to: number): number {
    const width = this.#local.size + 1;
    const matches = new Array<number>(LONGEST + 1).fill(0);
    const touched: number[] = [];
    for (let start = from; start < to; start++) {
      let node = 0;
      for (let at = start; at < to && at < start + LONGEST; at++) {
        const local = this.#local.get(tokens[at]!);
        if (local === undefined) break;
        node = this.#next[node * width + local]!;
        if (node === 0) break;
        if (this.#found[node] === 0) touched.push(node);
        if (this.#found[node]!++ < this.#wanted[node]!) matches[this.#depth[node]!]! += this.#weight[node]!;
      }
    }
    for (const node of touched) this.#found[node] = 0;
    if (matches[1] === 0) return 0;
    let logarithm = 0;
    for (let n = 1; n <= LONGEST; n++) {
      const share = Math.max(matches[n]!, EPSILON) / Math.max(1, this.#totals[n]!);
      logarithm += Math.log(Math.min(1, share)) / LONGEST;
    }
    const shortness = Math.min(0, 1 - this.reference.length / (to - from));
    return Math.exp(logarithm + shortness);
  }
}
