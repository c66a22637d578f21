import type { SkipReason } from '@repoformer/domain';
import { TreeRules } from './tree-rules.js';

const builtIn = new TreeRules();

/**
 * Why a path is kept out by name (secrets, dependencies, generated files); undefined when it may be used.
 * `rules` adds the ignore and attribute files of a tree.
 */
export function admitPath(path: string, rules: TreeRules = builtIn): SkipReason | undefined {
  return isSafePath(path) ? rules.skip(path) : 'unsafe_path';
}

/** Whether a path stays inside the repository: relative, forward slashes, no `..`, `.git` or NUL. */
function isSafePath(path: string): boolean {
  if (path === '' || path.startsWith('/') || path.includes('\0')) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part !== '.git');
}
