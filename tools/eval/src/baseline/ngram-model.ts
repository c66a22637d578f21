import { posix } from 'node:path';
import { lexCode, type LexedCode } from './lexer.js';
import { NgramCounts } from './ngram-counts.js';
import { Spacing } from './spacing.js';

/** Tokens of a sequence, the predicted one included. Hellendoorn and Devanbu (FSE 2017) found no gain beyond. */
export const NGRAM_ORDER = 6;
/** Jelinek-Mercer weight of a longer context against the shorter one; theirs for code. */
const LAMBDA = 0.5;
/** How much an occurrence counts: elsewhere in the repository, besides in the same directory, besides in this file. */
const WEIGHTS = { repository: 1, directory: 2, file: 8 } as const;
/** For tokens never seen: a size of vocabulary that does not depend on what was read. */
const VOCABULARY = 2 ** 16;

/** Ends each file. */
export const END_OF_FILE = '';

export interface SourceFile {
  /** Relative to the root, forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Counts of several texts, less those of one of them, and what one occurrence is worth. */
interface CountSource {
  readonly counts: NgramCounts;
  readonly without?: NgramCounts;
  readonly weight: number;
}

/**
 * The n-gram model of a repository (Hellendoorn and Devanbu, "Are deep neural networks the best choice for modeling source
 * code?", FSE 2017): counts of the repository, nested with those of the directory and a cache of the current file.
 * Built once; at each hole the counts of the hole's own file are taken off, so that the truth is never known.
 */
export class NgramModel {
  private readonly ids = new Map<string, number>();
  private readonly words: string[] = [];
  private readonly counts = new NgramCounts(NGRAM_ORDER);
  private readonly files = new Map<string, string>();
  private readonly byDirectory = new Map<string, string[]>();
  private readonly spacing = new Spacing();
  /** Of the directory and the file asked for last: holes come file by file. */
  private directory: { readonly name: string; readonly counts: NgramCounts } | undefined;
  private file:
    { readonly path: string; readonly spacing: Spacing; readonly counts: NgramCounts } | undefined;

  constructor(files: Iterable<SourceFile>) {
    for (const { path, text } of files) {
      if (this.files.has(path)) continue;
      this.files.set(path, text);
      const siblings = this.byDirectory.get(posix.dirname(path));
      if (siblings === undefined) this.byDirectory.set(posix.dirname(path), [path]);
      else siblings.push(path);
      const lexed = lexCode(text);
      this.counts.add(this.fileIds(lexed));
      this.spacing.add(lexed);
    }
  }

  /** What is known at a place of a file: the repository without that file, and what stands around the place. */
  at(path: string, prefix: LexedCode, suffix: LexedCode): NgramContext {
    const file = this.fileOf(path);
    const cache = new NgramCounts(NGRAM_ORDER);
    cache.add(this.idsOf(prefix.tokens));
    cache.add(this.idsOf(suffix.tokens));
    const near = new Spacing();
    near.add(prefix);
    near.add(suffix);
    const sources: readonly CountSource[] = [
      { counts: this.counts, without: file?.counts, weight: WEIGHTS.repository },
      { counts: this.directoryOf(posix.dirname(path)), without: file?.counts, weight: WEIGHTS.directory },
      { counts: cache, weight: WEIGHTS.file },
    ];
    return new NgramContext(
      sources,
      (token) => this.idOf(token),
      (id) => this.words[id] as string,
      (before, after) =>
        near.knows(before, after)
          ? near.between(before, after)
          : this.spacing.between(before, after, file?.spacing),
    );
  }

  private fileOf(path: string): typeof this.file {
    if (this.file?.path === path) return this.file;
    const text = this.files.get(path);
    if (text === undefined) return undefined;
    const lexed = lexCode(text);
    const counts = new NgramCounts(NGRAM_ORDER);
    counts.add(this.fileIds(lexed));
    const spacing = new Spacing();
    spacing.add(lexed);
    this.file = { path, spacing, counts };
    return this.file;
  }

  private directoryOf(name: string): NgramCounts {
    if (this.directory?.name !== name) {
      const counts = new NgramCounts(NGRAM_ORDER);
      for (const path of this.byDirectory.get(name) ?? []) {
        counts.add(this.fileIds(lexCode(this.files.get(path) as string)));
      }
      this.directory = { name, counts };
    }
    return this.directory.counts;
  }

  private fileIds({ tokens }: LexedCode): Int32Array {
    return this.idsOf([...tokens, END_OF_FILE]);
  }

  private idsOf(tokens: readonly string[]): Int32Array {
    return Int32Array.from(tokens, (token) => this.idOf(token));
  }

  private idOf(token: string): number {
    let id = this.ids.get(token);
    if (id === undefined) {
      id = this.words.length;
      this.ids.set(token, id);
      this.words.push(token);
    }
    return id;
  }
}

/** Predicts tokens at one place. */
export class NgramContext {
  constructor(
    private readonly sources: readonly CountSource[],
    private readonly idOf: (token: string) => number,
    private readonly wordOf: (id: number) => string,
    readonly spaceBetween: (before: string, after: string) => number,
  ) {}

  /** P(token | the tokens before). */
  probability(history: readonly string[], token: string): number {
    return this.score(this.levels(history), this.idOf(token));
  }

  /**
   * The most probable next token among those that ever followed the last token (or, where none did, among all), and that
   * `accepts` takes; undefined when there is none. The same for the same input: ties go by the token's text.
   */
  predict(history: readonly string[], accepts: (token: string) => boolean = () => true): string | undefined {
    const levels = this.levels(history);
    let best: string | undefined;
    let bestScore = 0;
    for (const id of this.candidates(levels, accepts)) {
      const token = this.wordOf(id);
      const score = this.score(levels, id);
      if (score > bestScore || (score === bestScore && best !== undefined && token < best)) {
        best = token;
        bestScore = score;
      }
    }
    return best;
  }

  private *candidates(levels: readonly Level[], accepts: (token: string) => boolean): Iterable<number> {
    const given = new Set<number>();
    // Whatever follows a longer context follows the last token too, so that one level has them all.
    for (const level of [levels[1], levels[0]]) {
      if (level === undefined) continue;
      for (const [index, { counts }] of this.sources.entries()) {
        for (const [id] of counts.successors(level.nodes[index] as number)) {
          if (given.has(id) || this.weightOf(level, id) === 0 || !accepts(this.wordOf(id))) continue;
          given.add(id);
          yield id;
        }
      }
      if (given.size > 0) return;
    }
  }

  /** The contexts of growing length, from none, for as long as they were ever seen with a token after them. */
  private levels(history: readonly string[]): Level[] {
    const ids = history.slice(-(NGRAM_ORDER - 1)).map(this.idOf);
    const levels: Level[] = [];
    for (let length = 0; length <= ids.length; length++) {
      const context = ids.slice(ids.length - length);
      const level = {
        nodes: this.sources.map(({ counts }) => walk(counts, context)),
        without: this.sources.map(({ without }) => (without === undefined ? -1 : walk(without, context))),
      };
      const total = this.sources.reduce(
        (sum, { counts, without, weight }, index) =>
          sum +
          weight *
            (counts.continuationsOf(level.nodes[index] as number) -
              (without?.continuationsOf(level.without[index] as number) ?? 0)),
        0,
      );
      if (total === 0) break;
      levels.push({ ...level, total });
    }
    return levels;
  }

  private score(levels: readonly Level[], id: number): number {
    let probability = 1 / VOCABULARY;
    for (const level of levels) {
      probability = LAMBDA * (this.weightOf(level, id) / level.total) + (1 - LAMBDA) * probability;
    }
    return probability;
  }

  /** Weighted occurrences of a token after a context. */
  private weightOf(level: Level, id: number): number {
    return this.sources.reduce((sum, { counts, without, weight }, index) => {
      const found = counts.countOf(counts.find(level.nodes[index] as number, id));
      const own = without?.countOf(without.find(level.without[index] as number, id)) ?? 0;
      return sum + weight * (found - own);
    }, 0);
  }
}

interface Level {
  /** By source: the context's node, -1 where it never occurred. */
  readonly nodes: readonly number[];
  readonly without: readonly number[];
  /** Weighted occurrences of the context with any token after it. */
  readonly total: number;
}

function walk(counts: NgramCounts, context: readonly number[]): number {
  return context.reduce((node, id) => counts.find(node, id), NgramCounts.ROOT);
}
