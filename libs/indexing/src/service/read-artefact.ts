import { AppError, type BlobArtefact, type BlobContent, type RepositoryReader } from '@repoformer/domain';
import { encodeWindows } from '@repoformer/retrieval';
import { skipByContent } from '../admission/content-rules.js';
import type { IndexOptions } from './index-options.js';
import type { TimeSlice } from './time-slice.js';

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

/**
 * What the index keeps of a blob, or why nothing can be said of it now (never stored: it may come back). The
 * slice may end between the steps: for a file of the largest size each takes some 20 ms.
 */
export async function createArtefact(
  content: BlobContent,
  options: IndexOptions,
  slice: TimeSlice,
  signal: AbortSignal,
): Promise<BlobArtefact | 'missing' | 'unreadable'> {
  switch (content.kind) {
    case 'missing':
      return 'missing';
    case 'corrupt':
      return 'unreadable';
    case 'too_large':
      return { kind: 'skipped', reason: 'too_large' };
    case 'content': {
      const reason = skipByContent(content.bytes, options.maxFileBytes);
      if (reason) return { kind: 'skipped', reason };
      await slice.pause(signal);
      return { kind: 'indexed', ...encodeWindows(content.bytes, options) };
    }
  }
}
