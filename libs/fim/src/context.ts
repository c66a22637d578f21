import { lineCommentOf, type Chunk } from '@repoformer/domain';
import type { ChunkStyle } from './family.js';

/** The text of one chunk as it stands in a prompt, and the header line it begins with. */
export function renderChunk(
  chunk: Pick<Chunk, 'path' | 'text'>,
  style: ChunkStyle,
  language: string,
): string {
  const comment = lineCommentOf(language);
  const lines = style.commented
    ? chunk.text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => `${comment} ${line}`)
        .join('\n')
    : chunk.text;
  return fill(style.template, { comment, path: chunk.path, lines });
}

/** What {@link renderChunk} writes in front of a chunk's lines: a completion that repeats it has lost its way. */
export function chunkHeader(path: string, style: ChunkStyle, language: string): string {
  const template = style.template.slice(0, style.template.indexOf('{lines}'));
  return fill(template, { comment: lineCommentOf(language), path, lines: '' });
}

/** Replaces `{name}` by its value in one pass, so that a value cannot bring in another `{name}`. */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
