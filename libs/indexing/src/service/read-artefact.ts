import { AppError, type BlobArtefact, type BlobContent, type RepositoryReader } from '@repoformer/domain';
import { encodeWindows } from '@repoformer/retrieval';
import { skipByContent } from '../admission/content-rules.js';
import type { IndexOptions } from './index-options.js';

/** Reads a blob; one that is missing or damaged is an answer, not an error. */
export async function readContent(
  reader: RepositoryReader,
  oid: string,
  maxBytes: number,
): Promise<BlobContent> {
  try {
    return await reader.readBlob(oid, maxBytes);
  } catch (error) {
    if (error instanceof AppError && error.reason === 'OBJECT_MISSING') return { kind: 'missing' };
    if (error instanceof AppError && error.reason === 'OBJECT_CORRUPT') {
      return { kind: 'corrupt', problem: error.message };
    }
    throw error;
  }
}

/** What the index keeps of a blob, or why nothing can be said of it now (never stored: it may come back). */
export function createArtefact(
  content: BlobContent,
  options: IndexOptions,
): BlobArtefact | 'missing' | 'unreadable' {
  switch (content.kind) {
    case 'missing':
      return 'missing';
    case 'corrupt':
      return 'unreadable';
    case 'too_large':
      return { kind: 'skipped', reason: 'too_large' };
    case 'content': {
      const reason = skipByContent(content.bytes, options.maxFileBytes);
      return reason
        ? { kind: 'skipped', reason }
        : { kind: 'indexed', ...encodeWindows(content.bytes, options) };
    }
  }
}
