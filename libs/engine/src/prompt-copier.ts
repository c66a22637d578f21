import type { Copying } from '@repoformer/domain';

/** Longest match that is looked for, in tokens. */
const LONGEST = 8;
/** Most tokens that may be chosen in place of the model's own. */
const MOST_CANDIDATES = 32;

const LINE_END = 0x0a;
/** Tab, line ends, space. */
const BLANKS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x20]);

/** What there is to know of tokens to copy them. */
export interface CopiedTokens {
  /** None of a marker, which is never copied. */
  bytesOf(token: number): Uint8Array;
  /** The token of a token's bytes up to its first line end; undefined: there is no such token. */
  beforeLineEnd(token: number): number | undefined;
  /** Those that end what is written. */
  readonly ends: readonly number[];
}

/** For matches of one length: how often each token came next. */
type Followers = Map<number, number>;

/**
 * An n-gram model of some passages, mixed into what a language model says (a cache model: Hellendoorn and Devanbu, 2017): what
 * followed the same tokens there becomes likelier, the more the longer the match. Small models know the grammar, but not how to
 * take a name from far above; and no model knows what it has not read.
 */
export class PromptCopier {
  readonly #weight: number;
  readonly #passages: readonly ArrayLike<number>[];
  readonly #tokens: CopiedTokens;
  /** The text up to here. */
  readonly #written: number[];
  /** Of the shortest matches that say something, of those a token longer, …, up to the longest that there is. */
  #followers: Followers[] = [];

  constructor({ weight, before, passages, copiesItself }: Copying, tokens: CopiedTokens) {
    this.#weight = weight;
    this.#tokens = tokens;
    this.#written = Array.from(before);
    this.#passages = copiesItself ? [...passages, this.#written] : passages;
    this.#match();
  }

  /** Goes on behind a token that was chosen. */
  push(token: number): void {
    this.#written.push(token);
    this.#match();
  }

  /**
   * Tokens whose probabilities `choose` wants: the most promising ones of those that are allowed, and how what is written may end
   * where they end a line.
   */
  candidates(isAllowed: (token: number) => boolean = () => true): number[] {
    const shares = new Map<number, number>();
    for (const token of new Set(this.#followers.flatMap((each) => [...each.keys()]))) {
      if (isAllowed(token)) shares.set(token, this.#mixed(token, 0));
    }
    const promising = [...shares]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_CANDIDATES)
      .map(([token]) => token);
    const endings = promising.flatMap((token) => this.#endingsOf(token)).filter(isAllowed);
    return [...new Set([...promising, ...endings])];
  }

  /**
   * The likeliest token of the mixture. What is no candidate is less likely than the model's own choice. Passages never end:
   * how likely the end is the model alone says, and only what that leaves is mixed. Where a line ends in them, what is written may
   * end: that one of the two happens they say, which of the two the model does.
   *
   * @param best the model's own choice
   * @param candidates as `candidates` says
   * @param probabilityOf what the model says of them, and of its own choice
   */
  choose(best: number, candidates: readonly number[], probabilityOf: (token: number) => number): number {
    const own = probabilityOf(best);
    const end = this.#isMarker(best) ? own : 0;
    let [chosen, highest] = [best, end || this.#mixed(best, own)];
    for (const token of candidates) {
      const [goesOn, share] = [probabilityOf(token), this.#mixed(token, 0)];
      const endings = this.#endingsOf(token).filter((each) => candidates.includes(each));
      const [ending, ends] = likeliest(endings, probabilityOf);
      const isLast = ending !== undefined && this.#isMarker(ending);
      const probability = this.#mixed(token, goesOn + ends) - (isLast ? 0 : end * share);
      if (probability <= highest) continue;
      [chosen, highest] = [ending !== undefined && ends > goesOn ? ending : token, probability];
    }
    return chosen;
  }

  /** The log-probability of a token in the mixture. @param logProbability what the model says of it */
  score(token: number, logProbability: number): number {
    return this.#followers.length === 0
      ? logProbability
      : Math.log(this.#mixed(token, Math.exp(logProbability)));
  }

  #mixed(token: number, probability: number): number {
    let mixed = probability;
    for (const followers of this.#followers) {
      const share = (followers.get(token) ?? 0) / total(followers);
      mixed += this.#weight * (share - mixed);
    }
    return mixed;
  }

  /** What may be written in place of a token that ends a line, if what is written ends there. */
  #endingsOf(token: number): readonly number[] {
    const bytes = this.#tokens.bytesOf(token);
    const at = bytes.indexOf(LINE_END);
    if (at < 0) return [];
    if (areBlank(bytes.subarray(0, at))) return this.#tokens.ends;
    const ending = this.#tokens.beforeLineEnd(token);
    return ending === undefined ? [] : [ending];
  }

  #isMarker(token: number): boolean {
    return this.#tokens.bytesOf(token).length === 0;
  }

  #match(): void {
    const found: Followers[] = [];
    const least = this.#leastMatch();
    for (const passage of this.#passages) {
      for (let last = 0; last + 1 < passage.length; last++) {
        const follower = passage[last + 1]!;
        const length = this.#lengthOfMatch(passage, last);
        if (length < least || this.#isMarker(follower)) continue;
        for (let index = 0; index <= length - least; index++) {
          const followers = (found[index] ??= new Map<number, number>());
          followers.set(follower, (followers.get(follower) ?? 0) + 1);
        }
      }
    }
    this.#followers = found;
  }

  /** So many tokens that they are more than white space: what follows that says nothing. */
  #leastMatch(): number {
    let length = 1;
    while (length < LONGEST && this.#isBlank(this.#written.at(-length))) length += 1;
    return length;
  }

  #isBlank(token: number | undefined): boolean {
    return token !== undefined && areBlank(this.#tokens.bytesOf(token));
  }

  /** How many tokens up to a place are the last ones that were written. */
  #lengthOfMatch(passage: ArrayLike<number>, last: number): number {
    const end = this.#written.length - 1;
    let length = 0;
    while (
      length < LONGEST &&
      length <= last &&
      length <= end &&
      passage[last - length] === this.#written[end - length]
    ) {
      length += 1;
    }
    return length;
  }
}

function areBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => BLANKS.has(byte));
}

function likeliest(
  tokens: readonly number[],
  probabilityOf: (token: number) => number,
): [token: number | undefined, probability: number] {
  let [found, highest]: [number | undefined, number] = [undefined, 0];
  for (const token of tokens) {
    const probability = probabilityOf(token);
    if (found === undefined || probability > highest) [found, highest] = [token, probability];
  }
  return [found, highest];
}

function total(followers: Followers): number {
  let sum = 0;
  for (const count of followers.values()) sum += count;
  return sum;
}
