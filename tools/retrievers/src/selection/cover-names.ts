import { isBlank } from '@repoformer/retrieval';
import { wordsOf } from '../corpus/words.js';
import type { Ranking, ScoredCandidate, SelectionOptions, Selector, ShownSpan } from '../ports.js';
import { ShownLines } from './shown-lines.js';
import { lineTokens, SPAN_TOKENS } from './token-cost.js';

export interface CoverOptions {
  readonly name: string;
  /** Fewest lines of a span, but for shorter chunks; `whole`: chunks are not divided, only cut at the budget. */
  readonly leastLines: number | 'whole';
  /**
   * The empty candidate: what has a smaller chance to show a needed name that is not shown yet is not worth its
   * tokens, and nothing more is chosen. Default 0: the budget is filled while there is anything to gain.
   */
  readonly leastChance?: number;
}

/** Chunks looked at: the best by the chances of all their names. */
const CHUNKS = 40;
/** Lines of a chunk that is cut at the budget. */
const LEAST_CUT = 3;

/** Lines of one chunk with what they would add. */
interface Span {
  readonly chunk: ScoredCandidate;
  readonly lines: readonly number[];
  /** Chance of the names in it that nothing chosen has. */
  readonly chance: number;
  readonly tokens: number;
}

/**
 * Covers names instead of ranking chunks: again and again the span that adds most chance of a needed name a token,
 * each name once, until the budget is full. A span's score is the chance that it added.
 *
 * @throws Error when the ranking does not say which names are needed
 */
export function coverNames({ name, leastLines, leastChance = 0 }: CoverOptions): Selector {
  return {
    name,
    select(ranking, options) {
      return new Cover(ranking, options, leastLines, leastChance).spans();
    },
  };
}

class Cover {
  readonly #shown = new ShownLines();
  /** Names by number: the chance of each, and 0 once it is covered. */
  readonly #numberOf: ReadonlyMap<string, number>;
  readonly #chances: Float64Array;
  /** For each name the last span that it was counted in. */
  readonly #countedIn: Int32Array;
  #countedSpans = 0;
  /** Numbers of the names of lines, by file and line. */
  readonly #namesOf = new Map<readonly string[], Map<number, readonly number[]>>();
  readonly #chunks: readonly ScoredCandidate[];
  /** As spans were chosen, each with a header of its own, though some may join. */
  #spent = 0;

  constructor(
    { chunks, names }: Ranking,
    private readonly options: SelectionOptions,
    private readonly leastLines: number | 'whole',
    private readonly leastChance: number,
  ) {
    if (names === undefined) throw new Error('this retriever does not say which names are needed');
    this.#numberOf = new Map([...names.keys()].map((name, number) => [name, number]));
    this.#chances = Float64Array.from(names.values());
    this.#countedIn = new Int32Array(names.size);
    this.#chunks = chunks
      .slice(0, CHUNKS)
      .filter((chunk) => !options.isUnwanted(chunk.lines.slice(chunk.startLine, chunk.endLine).join('\n')));
  }

  spans(): readonly ShownSpan[] {
    // What a chunk can add a token never grows, as names are covered and lines are taken: only a chunk that was best
    // when last looked at has to be looked at again. Whole chunks shrink and may gain by it.
    const isLazy = this.leastLines !== 'whole';
    let spans = this.#chunks.map((chunk) => this.#bestOf(chunk));
    for (;;) {
      if (!isLazy) spans = this.#chunks.map((chunk) => this.#bestOf(chunk));
      const best = this.#pickBest(spans);
      if (best === undefined || best.chance < this.leastChance) return this.#shown.spans();
      const added = { ...best.chunk, score: Math.min(1, best.chance) };
      for (const line of best.lines) this.#shown.add(added, line);
      for (const name of this.#namesOfSpan(best)) this.#chances[name] = 0;
      this.#spent += best.tokens;
    }
  }

  #pickBest(spans: (Span | undefined)[]): Span | undefined {
    for (;;) {
      let best = -1;
      spans.forEach((span, at) => {
        if (span && (best < 0 || densityOf(span) > densityOf(spans[best]!))) best = at;
      });
      if (best < 0) return undefined;
      const again = this.#bestOf(spans[best]!.chunk);
      const isSame = again !== undefined && densityOf(again) === densityOf(spans[best]!);
      spans[best] = again;
      if (isSame) return again;
    }
  }

  /** The span of a chunk that adds most a token and fits; the first of equal ones. */
  #bestOf(chunk: ScoredCandidate): Span | undefined {
    const left = this.options.budgetTokens - this.#spent;
    const unshown = new Set(this.#shown.unshown(chunk));
    if (this.leastLines === 'whole') return this.#headOf(chunk, unshown, left);
    const all = nonBlank(chunk);
    const least = Math.min(this.leastLines, all.length);
    let best: Span | undefined;
    for (let from = 0; from + least <= all.length; from++) {
      let tokens = SPAN_TOKENS;
      let chance = 0;
      this.#countedSpans++;
      for (let to = from; to < all.length && unshown.has(all[to]!); to++) {
        const line = all[to]!;
        tokens += lineTokens(chunk.lines[line]!);
        if (tokens > left) break;
        chance += this.#chanceOf(chunk, line);
        if (to - from + 1 < least || chance === 0) continue;
        if (best === undefined || chance / tokens > densityOf(best)) {
          best = { chunk, lines: all.slice(from, to + 1), chance, tokens };
        }
      }
    }
    return best;
  }

  /** All of a chunk that is not shown yet, or as much of it as fits. */
  #headOf(chunk: ScoredCandidate, unshown: ReadonlySet<number>, left: number): Span | undefined {
    const lines: number[] = [];
    this.#countedSpans++;
    let tokens = 0;
    let chance = 0;
    let isJoined = false;
    for (const line of nonBlank(chunk)) {
      if (!unshown.has(line)) {
        isJoined = false;
        continue;
      }
      const cost = lineTokens(chunk.lines[line]!) + (isJoined ? 0 : SPAN_TOKENS);
      if (tokens + cost > left) break;
      tokens += cost;
      isJoined = true;
      lines.push(line);
      chance += this.#chanceOf(chunk, line);
    }
    if (chance === 0 || (lines.length < unshown.size && lines.length < LEAST_CUT)) return undefined;
    return { chunk, lines, chance, tokens };
  }

  /** What a line adds to the span that is being counted. */
  #chanceOf(chunk: ScoredCandidate, line: number): number {
    let chance = 0;
    for (const name of this.#namesIn(chunk.lines, line)) {
      if (this.#countedIn[name] === this.#countedSpans) continue;
      this.#countedIn[name] = this.#countedSpans;
      chance += this.#chances[name]!;
    }
    return chance;
  }

  #namesOfSpan({ chunk, lines }: Span): number[] {
    return lines.flatMap((line) => this.#namesIn(chunk.lines, line));
  }

  #namesIn(lines: readonly string[], line: number): readonly number[] {
    let known = this.#namesOf.get(lines);
    if (known === undefined) this.#namesOf.set(lines, (known = new Map()));
    let names = known.get(line);
    if (names === undefined) {
      const numbers = wordsOf(lines[line]!).map((word) => this.#numberOf.get(word));
      names = [...new Set(numbers)].filter((number) => number !== undefined);
      known.set(line, names);
    }
    return names;
  }
}

function nonBlank({ lines, startLine, endLine }: ScoredCandidate): number[] {
  const found: number[] = [];
  for (let line = startLine; line < endLine; line++) if (!isBlank(lines[line])) found.push(line);
  return found;
}

function densityOf({ chance, tokens }: Span): number {
  return chance / tokens;
}
