import { lexCode } from '../baseline/index.js';

/** A text that may have been copied. */
export interface SuspectText {
  readonly text: string;
  /** What it may repeat, as whoever wrote it had it in view. */
  readonly inView: readonly string[];
}

/**
 * Which of some texts have a run of tokens verbatim from others, without those others being held in memory. Tokens are
 * words, numbers and operators; spaces, line ends and indentation do not count.
 */
export class CopiedRuns {
  /** By run, the texts that have it. */
  private readonly suspects = new Map<string, number[]>();
  /** Tokens of all runs: a text is searched only where it has nothing else for long enough. */
  private readonly known = new Set<string>();
  private readonly found = new Map<number, string>();
  private readonly long = new Set<number>();

  /** @param length tokens of a run */
  constructor(
    texts: readonly SuspectText[],
    private readonly length: number,
  ) {
    for (const [at, { text, inView }] of texts.entries()) {
      const runs = new Set(this.runsOf(tokensOf(text)));
      if (runs.size === 0) continue;
      this.long.add(at);
      for (const seen of inView) for (const run of this.runsOf(tokensOf(seen))) runs.delete(run);
      for (const run of runs) {
        this.suspects.set(run, [...(this.suspects.get(run) ?? []), at]);
        for (const token of run.split(SEAM)) this.known.add(token);
      }
    }
  }

  /** The texts that are long enough to have a run, by their place. */
  get longEnough(): ReadonlySet<number> {
    return this.long;
  }

  /** A run of each text that has one of what was searched so far. */
  get copied(): ReadonlyMap<number, string> {
    return this.found;
  }

  search(text: string): void {
    const tokens = tokensOf(text);
    let since = 0;
    for (const [at, token] of tokens.entries()) {
      if (!this.known.has(token)) since = at + 1;
      if (at + 1 - since < this.length) continue;
      const run = tokens.slice(at + 1 - this.length, at + 1).join(SEAM);
      for (const suspect of this.suspects.get(run) ?? []) {
        if (!this.found.has(suspect)) this.found.set(suspect, run.replaceAll(SEAM, ' '));
      }
    }
  }

  private *runsOf(tokens: readonly string[]): Generator<string> {
    for (let at = 0; at + this.length <= tokens.length; at++) {
      yield tokens.slice(at, at + this.length).join(SEAM);
    }
  }
}

/** In no token. */
const SEAM = '\n';

function tokensOf(text: string): string[] {
  return lexCode(text).tokens.filter((token) => !token.startsWith('\n'));
}
