/** A path's pieces. */
export interface PathParts {
  readonly directories: readonly string[];
  /** File name without its extensions. */
  readonly stem: string;
}

export function pathParts(path: string): PathParts {
  const directories = path.split('/').slice(-32);
  const file = directories.pop() ?? '';
  const dot = file.indexOf('.', 1);
  return { directories, stem: dot < 0 ? file : file.slice(0, dot) };
}

/** Steps between two directories of a tree: up from one and down to the other; 0 when they are the same. */
export function directoryDistance(a: PathParts, b: PathParts): number {
  let shared = 0;
  const length = Math.min(a.directories.length, b.directories.length);
  while (shared < length && a.directories[shared] === b.directories[shared]) shared++;
  return a.directories.length + b.directories.length - 2 * shared;
}

/** The words of a file name, lower case: `parseHttp_request` gives parse, http, request. */
export function nameParts(stem: string): Set<string> {
  const parts = stem
    .slice(0, 200)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[a-z]+|\d+/g);
  return new Set(parts ?? []);
}

/** Jaccard similarity of two small sets; 0 when both are empty. */
export function setSimilarity<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): number {
  let shared = 0;
  for (const each of a) if (b.has(each)) shared++;
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}
