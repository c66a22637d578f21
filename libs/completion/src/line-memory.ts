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

  /** The remembered line, unless the index has changed since. */
  find(key: string, generation: number | undefined): RememberedLine | undefined {
    const line = this.lines.get(key);
    const isStale = generation !== undefined && line?.retrieval.generation !== generation;
    return isStale ? undefined : line;
  }

  remember(key: string, line: RememberedLine): void {
    this.lines.delete(key);
    this.lines.set(key, line);
    if (this.lines.size > this.capacity) this.lines.delete(this.lines.keys().next().value!);
  }
}

/** Identifies a line and all that its decision depends on; what is typed on it is not part of it. */
export function lineKey(request: CompletionRequest, above: string): string {
  const { repository, path, mode, threshold, suffix, openBuffers, hints } = request;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([repository, path, mode, threshold, openBuffers, hints]));
  hash.update(`\0${above.length}\0`).update(above).update(suffix);
  return hash.digest('base64');
}
