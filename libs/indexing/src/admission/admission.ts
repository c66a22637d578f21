import type { SkipReason } from '@repoformer/domain';
import { skipByContent } from './content-rules.js';
import { TreeRules } from './tree-rules.js';

/** Default of the largest file that is indexed. */
export const DEFAULT_MAX_FILE_BYTES = 1024 * 1024;

const builtIn = new TreeRules();

/**
 * Why a path is kept out by name (secrets, dependencies, generated files); undefined when it may be used.
 * `rules` adds the ignore and attribute files of a tree.
 */
export function admitPath(path: string, rules: TreeRules = builtIn): SkipReason | undefined {
  return isSafePath(path) ? rules.skip(path) : 'unsafe_path';
}

/** The same for text that a client sends, an open buffer or a hint: its path, then its content. */
export function admitText(
  path: string,
  text: string,
  options: { readonly maxBytes?: number; readonly rules?: TreeRules } = {},
): SkipReason | undefined {
  return (
    (path === '' ? undefined : admitPath(path, options.rules)) ??
    skipByContent(Buffer.from(text, 'utf8'), options.maxBytes ?? DEFAULT_MAX_FILE_BYTES)
  );
}

/** Whether a path stays inside the repository: relative, forward slashes, no `..`, `.git` or NUL. */
function isSafePath(path: string): boolean {
  if (path === '' || path.startsWith('/') || path.includes('\0')) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part !== '.git');
}
