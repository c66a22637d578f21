import { invalidArgument } from '@repoformer/domain';
import type { Hint, OpenBuffer } from '@repoformer/domain';

/** Limits of what a request may hold; sizes are UTF-8 bytes. */
export const REQUEST_LIMITS = {
  textBytes: 4 * 1024 * 1024,
  pathBytes: 4096,
  openBuffers: 256,
  hints: 64,
  hintBytes: 256 * 1024,
  stops: 16,
  stopBytes: 256,
  sessionBytes: 256,
  nameBytes: 128,
  maxTokens: 1024,
  defaultMaxTokens: 64,
  topK: 100,
  defaultTopK: 10,
  budgetMs: 60 * 60 * 1000,
} as const;

/** The text, unless it is longer than `maxBytes` in UTF-8. */
export function checkText(field: string, text: string, maxBytes: number): string {
  // A UTF-16 unit takes at most three bytes, so short texts need no counting.
  if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes) {
    throw invalidArgument(field, `is longer than ${describeBytes(maxBytes)}; send less of it`);
  }
  return text;
}

function describeBytes(bytes: number): string {
  if (bytes >= 1024 * 1024) return `${bytes / 1024 / 1024} MiB`;
  return bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} bytes`;
}

/** A one-line label: no control characters. */
export function checkLabel(field: string, text: string, maxBytes: number): string {
  checkText(field, text, maxBytes);
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit === 0x7f) throw invalidArgument(field, 'holds a control character');
  }
  return text;
}

/** A path relative to a repository's root; empty only where `optional`. */
export function checkRelativePath(field: string, path: string, optional: boolean): string {
  if (path === '') {
    if (optional) return path;
    throw invalidArgument(field, "is empty; give the file's path relative to the repository's root");
  }
  checkLabel(field, path, REQUEST_LIMITS.pathBytes);
  if (path.includes('\\')) throw invalidArgument(field, 'has a backslash; use forward slashes');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) {
    throw invalidArgument(field, "is absolute; give it relative to the repository's root");
  }
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.' || segment === '..') {
      throw invalidArgument(field, 'has an empty, "." or ".." segment; give a plain relative path');
    }
  }
  return path;
}

/** Id or absolute path of a repository; empty only where `optional`. */
export function checkRepository(field: string, repository: string, optional: boolean): string {
  if (repository === '' && !optional) {
    throw invalidArgument(field, 'is empty; give the id or the absolute path of a registered repository');
  }
  return checkLabel(field, repository, REQUEST_LIMITS.pathBytes);
}

/** A threshold in [0, 1], where one is given. */
export function checkThreshold(field: string, threshold: number | undefined): number | undefined {
  if (threshold === undefined) return undefined;
  if (!(threshold >= 0 && threshold <= 1)) throw invalidArgument(field, 'must be between 0 and 1');
  return threshold;
}

/** Open buffers with valid paths, each path once. */
export function checkOpenBuffers(
  field: string,
  buffers: readonly { path: string; content: string }[],
): OpenBuffer[] {
  if (buffers.length > REQUEST_LIMITS.openBuffers) {
    throw invalidArgument(field, `has ${buffers.length} entries; at most ${REQUEST_LIMITS.openBuffers}`);
  }
  const seen = new Set<string>();
  return buffers.map(({ path, content }, i) => {
    const at = `${field}[${i}]`;
    checkRelativePath(`${at}.path`, path, false);
    if (seen.has(path)) throw invalidArgument(`${at}.path`, 'occurs twice; send each buffer once');
    seen.add(path);
    return { path, content: checkText(`${at}.content`, content, REQUEST_LIMITS.textBytes) };
  });
}

/** Hints of bounded size; their paths are labels only. */
export function checkHints(field: string, hints: readonly { path: string; text: string }[]): Hint[] {
  if (hints.length > REQUEST_LIMITS.hints) {
    throw invalidArgument(field, `has ${hints.length} entries; at most ${REQUEST_LIMITS.hints}`);
  }
  return hints.map(({ path, text }, i) => ({
    path: checkLabel(`${field}[${i}].path`, path, REQUEST_LIMITS.pathBytes),
    text: checkText(`${field}[${i}].text`, text, REQUEST_LIMITS.hintBytes),
  }));
}
