import { createHash } from 'node:crypto';
import type { CompletionRequest, Decision } from '@repoformer/domain';
import type { RetrievalOutcome } from './retrieval-stage.js';

/** What was decided and retrieved for a line. */
export interface RememberedLine {
  readonly decision: Decision;
  readonly retrieval: RetrievalOutcome;
}

/**
 * The decision and its context belong to the line, not to the key: they are made once and used again while only
 * the typed part of the line changes, so that a keystroke costs about one token. A changed index, other text
 * around the line, or another mode makes a new entry.
 */
export class LineMemory {
  private readonly lines = new Map<string, RememberedLine>();

  constructor(private readonly capacity = 256) {}

  has(key: string): boolean {
    return this.lines.has(key);
  }

  /**
   * The remembered line, unless the index has changed or is gone since.
   *
   * @param now what retrieval says for the present request
   */
  find(key: string, now: RetrievalOutcome): RememberedLine | undefined {
    const line = this.lines.get(key);
    if (line === undefined) return undefined;
    const { retrieval } = line;
    const isSameIndex =
      now.generation === retrieval.generation && now.indexedCommit === retrieval.indexedCommit;
    return isSameIndex || gaveNoAnswer(now) ? line : undefined;
  }

  remember(key: string, line: RememberedLine): void {
    this.lines.delete(key);
    this.lines.set(key, line);
    if (this.lines.size > this.capacity) this.lines.delete(this.lines.keys().next().value!);
  }
}

/** A search that was too slow, or failed, says nothing against what was found for the line before. */
function gaveNoAnswer({ generation, emptyOutcome }: RetrievalOutcome): boolean {
  return generation === undefined && (emptyOutcome === 'timed_out' || emptyOutcome === 'failed');
}

/** Identifies a line and all that its decision depends on; what is typed on it is not part of it. */
export function lineKey(request: CompletionRequest, above: string): string {
  const { repository, path, mode, threshold, suffix, openBuffers, hints } = request;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([repository, path, mode, threshold, openBuffers, hints]));
  hash.update(`\0${above.length}\0`).update(above).update(suffix);
  return hash.digest('base64');
}
