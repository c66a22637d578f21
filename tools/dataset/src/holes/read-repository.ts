import { throwIfAborted } from '@repoformer/domain';
import { openSyntax, type Syntax } from '@repoformer/syntax';
import type { Split } from '../record.js';
import { compareText } from './candidate.js';
import { readSourceFile, type FileSkip, type SourceFile } from './source-file.js';

/** A repository's text, in any order; paths are relative to its root, with forward slashes. */
export interface RepositoryText {
  /** Name in the corpus, such as `npm:zod@4.1.0`. */
  readonly name: string;
  readonly split: Split;
  readonly files: AsyncIterable<FileText> | Iterable<FileText>;
}

export interface FileText {
  readonly path: string;
  readonly text: string;
}

export interface ReadRepositoryOptions {
  /** Default: one that is opened for this call. */
  readonly syntax?: Syntax;
  readonly signal?: AbortSignal;
  /** Told of each file that has no holes. */
  readonly onSkipped?: (path: string, reason: FileSkip) => void;
}

/** Reads the syntax of all files that have one, by path; of files with the same text only the first. */
export async function readRepository(
  { files }: RepositoryText,
  { syntax, signal, onSkipped }: ReadRepositoryOptions,
): Promise<SourceFile[]> {
  const texts: FileText[] = [];
  for await (const file of files) {
    throwIfAborted(signal);
    texts.push(file);
  }
  texts.sort((a, b) => compareText(a.path, b.path) || compareText(a.text, b.text));
  const parser = syntax ?? (await openSyntax());
  const seen = new Set<string>();
  const read: SourceFile[] = [];
  for (const { path, text } of texts) {
    throwIfAborted(signal);
    const file = await readSourceFile(path, text, parser);
    if (typeof file === 'string') {
      onSkipped?.(path, file);
    } else if (seen.has(file.blob) || read.at(-1)?.path === path) {
      onSkipped?.(path, 'duplicate');
    } else {
      seen.add(file.blob);
      read.push(file);
    }
  }
  return read;
}
