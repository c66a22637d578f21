import type { Hole } from '@repoformer/dataset';
import { lexCode, NEWLINE, type LexedCode } from './lexer.js';
import { END_OF_FILE, type NgramModel } from './ngram-model.js';

export interface NgramCompletionOptions {
  /** Tokens of this model, line ends included; default 50. */
  readonly maxTokens?: number;
  /** Non-blank lines to write. Default: until the block that the hole stands in ends. */
  readonly lines?: number;
}

/**
 * Completes a hole greedily by an n-gram model of its repository: the baseline that any model must beat. The hole's file,
 * but for prefix and suffix, is not known to it; the truth is not read.
 */
export function completeByNgram(
  model: NgramModel,
  hole: Pick<Hole, 'path' | 'prefix' | 'suffix'>,
  { maxTokens = 50, lines }: NgramCompletionOptions = {},
): string {
  if (lines !== undefined && lines <= 0) return '';
  const prefix = lexCode(hole.prefix, { open: true });
  const context = model.at(hole.path, prefix, lexCode(hole.suffix));
  const writer = new CodeWriter(prefix, hole.prefix, context.spaceBetween);
  const history = [...prefix.tokens];
  // A cursor right behind a word may stand inside it: the first token must begin with what is there.
  const typed = /[\p{L}\p{N}_$]$/u.test(hole.prefix) ? history.pop() : undefined;
  let first = true;
  for (let generated = 0; generated < maxTokens; generated++) {
    let token: string | undefined;
    if (first && typed !== undefined) {
      token = context.predict(history, (one) => one.startsWith(typed)) ?? typed;
      writer.finishWord(token, typed);
    } else {
      token = context.predict(history);
      if (token === undefined || token === END_OF_FILE) break;
      if (token.startsWith(NEWLINE) && writer.endsAt(token, lines)) break;
      writer.write(token);
    }
    first = false;
    history.push(token);
  }
  return writer.text;
}

/** Writes tokens as text, with the spaces and the indentation of the code around. */
class CodeWriter {
  text = '';
  private readonly indents: string[];
  private readonly depth: number;
  private readonly unit: string;
  private before: string;
  private atSpace: boolean;

  constructor(
    prefix: LexedCode,
    prefixText: string,
    private readonly spaceBetween: (before: string, after: string) => number,
  ) {
    this.indents = [...prefix.indents];
    this.depth = this.indents.length;
    this.unit = /^(\t+| +)\S/m.exec(prefixText)?.[1] ?? '    ';
    this.before = prefix.tokens.at(-1) ?? NEWLINE;
    this.atSpace = /(^|\s)$/.test(prefixText);
  }

  /** Whether the completion is over instead of going on with this line end. */
  endsAt(newline: string, lines: number | undefined): boolean {
    if (lines !== undefined)
      return this.text.split('\n').filter((line) => line.trim() !== '').length >= lines;
    return this.indents.length - closedBy(newline) < this.depth;
  }

  /** Writes what of a word is not yet typed. */
  finishWord(word: string, typed: string): void {
    this.text += word.slice(typed.length);
    this.before = word;
  }

  write(token: string): void {
    if (token.startsWith(NEWLINE)) {
      this.startLine(token);
    } else {
      const glued = this.atSpace || this.before.startsWith(NEWLINE);
      this.text += (glued ? '' : ' '.repeat(this.spaceBetween(this.before, token))) + token;
      this.atSpace = false;
    }
    this.before = token;
  }

  private startLine(newline: string): void {
    const closed = closedBy(newline);
    if (closed > 0) this.indents.splice(Math.max(1, this.indents.length - closed));
    const top = this.indents.at(-1) ?? '';
    if (newline === `${NEWLINE}>`) this.indents.push(top + this.unit);
    this.text = `${this.text.replace(/[^\S\n]+$/, '')}\n${this.indents.at(-1) ?? ''}`;
  }
}

function closedBy(newline: string): number {
  return newline.startsWith(`${NEWLINE}<`) ? Number(newline.slice(2)) : 0;
}
