import { languageOfPath } from '@repoformer/domain';
import type { Syntax } from '@repoformer/syntax';
import type { SourceText } from '../ports.js';
import { readFileSyntax, type FileSyntax } from './file-syntax.js';

/**
 * The syntax of a repository's files, each parsed once for all chunkers and retrievers. A text that differs from what
 * was first seen at its path, such as the file that is being edited, is parsed each time and not kept.
 */
export class SyntaxCache {
  readonly #known = new Map<
    string,
    { readonly text: string; readonly syntax: Promise<FileSyntax | undefined> }
  >();

  constructor(private readonly syntax: Syntax) {}

  of({ path, text }: SourceText): Promise<FileSyntax | undefined> {
    const known = this.#known.get(path);
    if (known?.text === text) return known.syntax;
    const syntax = readFileSyntax(this.syntax, text, languageOfPath(path));
    if (known === undefined) this.#known.set(path, { text, syntax });
    return syntax;
  }
}
