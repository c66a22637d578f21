import { createHash } from 'node:crypto';
import type { OpenBuffer } from '@repoformer/domain';
import { encodeWindows, WindowIndex, lineCountOf } from '@repoformer/retrieval';
import { admitPath } from '../admission/admission.js';
import { skipByContent } from '../admission/content-rules.js';
import type { TreeRules } from '../admission/tree-rules.js';
import type { IndexOptions } from './index-options.js';
import type { TimeSlice } from './time-slice.js';

export interface OverlayDocument {
  readonly text: string;
  readonly lines: number;
  /** The least path of this query's buffers that has this content. */
  readonly path: string;
}

interface Entry {
  /** Undefined when the content keeps it out. */
  readonly document: number | undefined;
  readonly sizeBytes: number;
}

/**
 * The open buffers of a repository's clients, indexed on the fly. Contents stay indexed by their hash, so that
 * a keystroke in one buffer does not index the others again.
 */
export class OverlayIndex {
  readonly index: WindowIndex;
  readonly #options: IndexOptions;
  readonly #entries = new Map<string, Entry>();
  #nextDocument = 0;
  #bytes = 0;

  constructor(options: IndexOptions) {
    this.#options = options;
    this.index = new WindowIndex(options);
  }

  /**
   * Indexes what is new of a query's buffers, as far as their sum stays within bounds, and returns those that
   * may be searched by document. A later buffer of a path replaces an earlier one.
   */
  async prepare(
    buffers: readonly OpenBuffer[],
    rules: TreeRules,
    slice: TimeSlice,
    signal: AbortSignal,
  ): Promise<Map<number, OverlayDocument>> {
    const byPath = new Map(buffers.map((buffer) => [buffer.path, buffer.content] as const));
    const used = new Set<string>();
    const documents = new Map<number, OverlayDocument>();
    let bytes = 0;
    for (const [path, content] of [...byPath].sort(([a], [b]) => (a < b ? -1 : 1))) {
      await slice.pause(signal);
      if (admitPath(path, rules)) continue;
      bytes += content.length;
      if (bytes > this.#options.maxOverlayBytes) break;
      const key = createHash('sha256').update(content).digest('base64');
      const entry = this.#use(key, content);
      used.add(key);
      if (entry.document === undefined || documents.has(entry.document)) continue;
      documents.set(entry.document, { text: content, lines: lineCountOf(content), path });
    }
    this.#evict(used);
    return documents;
  }

  #use(key: string, content: string): Entry {
    let entry = this.#entries.get(key);
    if (entry) {
      this.#entries.delete(key);
    } else {
      const bytes = Buffer.from(content, 'utf8');
      const isAdmitted = !skipByContent(bytes, this.#options.maxFileBytes);
      const document = isAdmitted ? this.#nextDocument++ : undefined;
      if (document !== undefined) this.index.add(document, encodeWindows(bytes, this.#options).data);
      entry = { document, sizeBytes: bytes.length };
      this.#bytes += entry.sizeBytes;
    }
    this.#entries.set(key, entry);
    return entry;
  }

  #evict(used: ReadonlySet<string>): void {
    for (const [key, entry] of this.#entries) {
      if (this.#bytes <= 2 * this.#options.maxOverlayBytes) break;
      if (used.has(key)) continue;
      this.#entries.delete(key);
      this.#bytes -= entry.sizeBytes;
      if (entry.document !== undefined) this.index.remove(entry.document);
    }
  }
}
