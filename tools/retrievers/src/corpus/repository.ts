import type { Syntax } from '@repoformer/syntax';
import type { SourceText } from '../ports.js';
import { SyntaxCache } from './syntax-cache.js';
import { tokenise, type TokenFile } from './token-file.js';
import { Vocabulary } from './vocabulary.js';

/** A file's content with every path that has it, sorted. */
export interface RepositoryFile {
  readonly content: TokenFile;
  readonly paths: readonly string[];
}

/** The committed text of one repository, in memory. */
export interface Repository {
  /** By their first paths. Of files with the same content there is one. */
  readonly files: readonly RepositoryFile[];
  /** Place in `files` by path. */
  readonly numberOf: ReadonlyMap<string, number>;
  readonly vocabulary: Vocabulary;
  readonly syntax: SyntaxCache;
}

/** @param texts in any order; of two of one path the last counts */
export function readRepository(texts: readonly SourceText[], syntax: Syntax): Repository {
  const vocabulary = new Vocabulary();
  const byPath = new Map(texts.map(({ path, text }) => [path, text]));
  const pathsOf = new Map<string, string[]>();
  for (const path of [...byPath.keys()].sort(byCodeUnits)) {
    const text = byPath.get(path)!;
    const paths = pathsOf.get(text);
    if (paths) paths.push(path);
    else pathsOf.set(text, [path]);
  }
  const files = [...pathsOf].map(([text, paths]) => ({
    content: tokenise(paths[0]!, text, vocabulary),
    paths,
  }));
  const numberOf = new Map(files.flatMap(({ paths: all }, at) => all.map((path) => [path, at] as const)));
  return { files, numberOf, vocabulary, syntax: new SyntaxCache(syntax) };
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
