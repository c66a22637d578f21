import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';

/** Whether a path of a data set stays inside what it is joined to: relative, forward slashes, no `..`. */
export function isSafePath(path: string): boolean {
  return (
    path !== '' &&
    !/[\\\0:]/.test(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

/** The real path of a file under a root; undefined when it is not there, or a link leads out of the root. */
export async function realPathInside(root: string, path: string): Promise<string | undefined> {
  try {
    const [realRoot, real] = await Promise.all([realpath(root), realpath(`${root}${sep}${path}`)]);
    return real.startsWith(realRoot + sep) ? real : undefined;
  } catch {
    return undefined;
  }
}
