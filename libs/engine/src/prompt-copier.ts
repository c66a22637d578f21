import type { Copying } from '@repoformer/domain';

/** Longest match that is looked for, in tokens. */
const LONGEST = 8;
/** Most tokens that may be chosen in place of the model's own. */
const MOST_CANDIDATES = 32;

/** Tab, line ends, space. */
const BLANKS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x20]);

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
  readonly #bytesOf: (token: number) => Uint8Array;
  /** The text up to here. */
  readonly #written: number[];
  /** Of the shortest matches that say something, of those a token longer, …, up to the longest that there is. */
  #followers: Followers[] = [];

  /** @param bytesOf of a token; none of a marker, which is never copied */
  constructor({ weight, before, passages, copiesItself }: Copying, bytesOf: (token: number) => Uint8Array) {
    this.#weight = weight;
    this.#bytesOf = bytesOf;
    this.#written = Array.from(before);
    this.#passages = copiesItself ? [...passages, this.#written] : passages;
    this.#match();
  }

  /** Goes on behind a token that was chosen. */
  push(token: number): void {
    this.#written.push(token);
    this.#match();
  }

  /** Tokens whose probabilities `choose` wants, the most promising ones of those that are allowed. */
  candidates(isAllowed: (token: number) => boolean = () => true): number[] {
    const shares = new Map<number, number>();
    for (const token of new Set(this.#followers.flatMap((each) => [...each.keys()]))) {
      if (isAllowed(token)) shares.set(token, this.#mixed(token, 0));
    }
    return [...shares]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_CANDIDATES)
      .map(([token]) => token);
  }

  /**
   * The likeliest token of the mixture. What is no candidate is less likely than the model's own choice. Passages never end:
   * how likely the end is the model alone says, and only what that leaves is mixed.
   *
   * @param best the model's own choice
   * @param candidates as `candidates` says
   * @param probabilityOf what the model says of them, and of its own choice
   */
  choose(best: number, candidates: readonly number[], probabilityOf: (token: number) => number): number {
    const own = probabilityOf(best);
    const end = this.#bytesOf(best).length === 0 ? own : 0;
    let [chosen, highest] = [best, end || this.#mixed(best, own)];
    for (const token of candidates) {
      const probability = this.#mixed(token, probabilityOf(token)) - end * this.#mixed(token, 0);
      if (probability > highest) [chosen, highest] = [token, probability];
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

  #match(): void {
    const found: Followers[] = [];
    const least = this.#leastMatch();
    for (const passage of this.#passages) {
      for (let last = 0; last + 1 < passage.length; last++) {
        const follower = passage[last + 1]!;
        const length = this.#lengthOfMatch(passage, last);
        if (length < least || this.#bytesOf(follower).length === 0) continue;
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
    return token !== undefined && this.#bytesOf(token).every((byte) => BLANKS.has(byte));
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

function total(followers: Followers): number {
  let sum = 0;
  for (const count of followers.values()) sum += count;
  return sum;
}
