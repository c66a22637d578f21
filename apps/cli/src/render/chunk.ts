import type { Chunk } from '@repoformer/protocol';
import { printable } from './style.js';
import type { Style } from './style.js';

/** `src/a.ts:10-29`, as editors count: 1-based, the last line included. */
export function chunkPlace({ path, startLine, endLine }: Chunk): string {
  return `${path}:${startLine + 1}-${Math.max(endLine, startLine + 1)}`;
}

/** `0.41  src/a.ts:10-29`, and the text below it where it was sent. */
export function renderChunk(chunk: Chunk, style: Style, show: (text: string) => string): string {
  const matched =
    chunk.matchedLine === undefined ? '' : style.dim(`  after a match at line ${chunk.matchedLine + 1}`);
  const head = `${style.bold(chunk.score.toFixed(2))}  ${style.cyan(show(chunkPlace(chunk)))}${matched}`;
  if (chunk.text === '') return head;
  const width = String(chunk.endLine).length;
  const lines = chunk.text
    .split('\n')
    .map((line, i) =>
      `${style.dim(`${String(chunk.startLine + 1 + i).padStart(width)} |`)} ${show(line)}`.trimEnd(),
    );
  return [head, ...lines].join('\n');
}

/** For a screen: nothing of a repository's text may steer the terminal. For a pipe: as it is. */
export function shownOn(terminal: boolean): (text: string) => string {
  return terminal ? printable : (text) => text;
}
