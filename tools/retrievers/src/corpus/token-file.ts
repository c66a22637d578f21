import { languageOfPath } from '@repoformer/domain';
import { splitLines } from '@repoformer/retrieval';
import type { Vocabulary } from './vocabulary.js';
import { tokensOf } from './words.js';

/** A file as numbers of tokens. */
export interface TokenFile {
  readonly path: string;
  readonly language: string;
  readonly text: string;
  /** Without line ends; numbered as the index numbers them: an empty last one does not count. */
  readonly lines: readonly string[];
  readonly tokens: Int32Array;
  /** Where each line's tokens begin in `tokens`, and, last, where they end. */
  readonly lineStarts: Int32Array;
}

export function tokenise(
  path: string,
  text: string,
  vocabulary: Vocabulary,
  language = languageOfPath(path),
): TokenFile {
  const lines = splitLines(text);
  const lineStarts = new Int32Array(lines.length + 1);
  const tokens: number[] = [];
  lines.forEach((line, at) => {
    for (const token of tokensOf(line)) tokens.push(vocabulary.id(token));
    lineStarts[at + 1] = tokens.length;
  });
  return { path, language, text, lines, tokens: Int32Array.from(tokens), lineStarts };
}
