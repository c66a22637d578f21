import { CodeBlocks } from './code-blocks.js';

const LF = 10;

/**
 * Number of lines of a text: a line ends at `\n` (so `\r\n` ends one too, and a lone `\r` does not) or at the
 * end of the text. A `\n` at the very end does not begin another line; an empty text has none.
 */
export function lineCountOf(text: string | Uint8Array): number {
  let lines = 0;
  let from = 0;
  while (from < text.length) {
    const end = typeof text === 'string' ? text.indexOf('\n', from) : text.indexOf(LF, from);
    lines++;
    if (end < 0) break;
    from = end + 1;
  }
  return lines;
}

/** The lines of a text without their line ends; numbered as {@link lineCountOf} counts them. */
export function splitLines(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (text.endsWith('\n')) lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** Lines `startLine` to `endLine` (exclusive, cut to the text) joined by `\n`, without a trailing line end. */
export function sliceLines(text: string, startLine: number, endLine: number): string {
  let from = 0;
  for (let line = 0; line < startLine; line++) {
    const end = text.indexOf('\n', from);
    if (end < 0) return '';
    from = end + 1;
  }
  let to = from;
  for (let line = startLine; line < endLine && to < text.length; line++) {
    const end = text.indexOf('\n', to);
    to = end < 0 ? text.length : end + 1;
  }
  return splitLines(text.slice(from, to)).join('\n');
}

/** A text to take lines from again and again: where its lines and blocks begin is looked for once. */
export class TextLines {
  #starts: Uint32Array | undefined;
  #blocks: { readonly maxLines: number; readonly blocks: CodeBlocks } | undefined;

  constructor(readonly text: string) {}

  /** As {@link sliceLines} of the text. */
  slice(startLine: number, endLine: number): string {
    const starts = (this.#starts ??= lineStartsOf(this.text));
    const from = starts[startLine] ?? this.text.length;
    return splitLines(this.text.slice(from, starts[endLine] ?? this.text.length)).join('\n');
  }

  /** Its blocks of at most `maxLines`. */
  blocks(maxLines: number): CodeBlocks {
    if (this.#blocks?.maxLines !== maxLines) {
      const read = (startLine: number, endLine: number) => this.slice(startLine, endLine);
      this.#blocks = { maxLines, blocks: new CodeBlocks(read, lineCountOf(this.text), maxLines) };
    }
    return this.#blocks.blocks;
  }
}

/** Where each line begins; what follows the last line end counts as one, too. */
function lineStartsOf(text: string): Uint32Array {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return Uint32Array.from(starts);
}
