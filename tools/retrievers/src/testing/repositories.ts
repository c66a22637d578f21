import { languageOfPath } from '@repoformer/domain';
import { openSyntax } from '@repoformer/syntax';
import { fixedWindows } from '../chunkers/fixed-windows.js';
import { ChunkedRepository } from '../corpus/chunked-repository.js';
import { readRepository, type Repository } from '../corpus/repository.js';
import type { Chunker, RetrievalRequest } from '../ports.js';

export async function repositoryOf(files: Readonly<Record<string, string>>): Promise<Repository> {
  const texts = Object.entries(files).map(([path, text]) => ({ path, text }));
  return readRepository(texts, await openSyntax());
}

/** Cut into windows of 4 lines every 2, unless told otherwise. */
export async function chunkedOf(
  files: Readonly<Record<string, string>>,
  chunker: (repository: Repository) => Chunker = () => fixedWindows({ windowLines: 4, strideLines: 2 }),
): Promise<ChunkedRepository> {
  const repository = await repositoryOf(files);
  return ChunkedRepository.of(repository, chunker(repository));
}

/** @param text with `$0` where the cursor is */
export function requestAt(
  path: string,
  text: string,
  more: Partial<RetrievalRequest> = {},
): RetrievalRequest {
  const at = text.indexOf('$0');
  return {
    path,
    language: languageOfPath(path),
    prefix: text.slice(0, at),
    suffix: text.slice(at + 2),
    visible: { beforeChars: 60, afterChars: 20 },
    searchOwnFile: true,
    ...more,
  };
}

/** `path:first-last` of chunks, lines counted from 1. */
export function placesOf(
  chunks: readonly { readonly path: string; readonly startLine: number; readonly endLine: number }[],
): string[] {
  return chunks.map(({ path, startLine, endLine }) => `${path}:${startLine + 1}-${endLine}`);
}
