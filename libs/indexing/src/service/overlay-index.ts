import { createHash } from 'node:crypto';
import type { OpenBuffer } from '@repoformer/domain';
import { encodeWindows, lineCountOf, TextLines, WindowIndex, type UnseenLines } from '@repoformer/retrieval';
import { admitPath } from '../admission/admission.js';
import { skipByContent, skipByKnownText } from '../admission/content-rules.js';
import type { TreeRules } from '../admission/tree-rules.js';
import type { IndexOptions } from './index-options.js';
import type { TimeSlice } from './time-slice.js';

export interface OverlayDocument {
  readonly text: TextLines;
  readonly lines: number;
  /** The least path of this query's buffers that has this content. */
  readonly path: string;
}

/** The current file, of which only what the model does not see is searched. */
export interface OwnFile {
  readonly path: string;
  readonly unseen: UnseenLines;
}

/** What of the open files may be searched for one query. */
export interface OpenFiles {
  /** By document of the overlay's index. */
  readonly documents: ReadonlyMap<number, OverlayDocument>;
  /** Undefined when the current file may not be searched. */
  readonly own: OwnFile | undefined;
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
   * Indexes what is new of a query's buffers, as far as their sum, the current file's part in it, stays within
   * bounds, and says what may be searched. A later buffer of a path replaces an earlier one; of equal contents, the
   * one of the least path is searched.
   *
   * @param buffers without the current file
   */
  async prepare(
    buffers: readonly OpenBuffer[],
    current: OwnFile | undefined,
    rules: TreeRules,
    slice: TimeSlice,
    signal: AbortSignal,
  ): Promise<OpenFiles> {
    const files: OpenFile[] = [...new Map(buffers.map((buffer) => [buffer.path, buffer])).values()];
    if (current) files.push(current);
    const used = new Set<string>();
    const documents = new Map<number, OverlayDocument>();
    let own: OwnFile | undefined;
    let bytes = 0;
    for (const file of files.sort((a, b) => (a.path < b.path ? -1 : 1))) {
      await slice.pause(signal);
      if (admitPath(file.path, rules)) continue;
      bytes += 'unseen' in file ? file.unseen.length : file.content.length;
      if (bytes > this.#options.maxOverlayBytes) break;
      if ('unseen' in file) {
        const { unseen } = file;
        const isKnown = [...documents.values()].some(({ text }) => isEqual(unseen, text.text));
        if (!isKnown && !skipByKnownText(unseen, this.#options.maxFileBytes)) own = file;
        continue;
      }
      const { path, content } = file;
      if (own && isEqual(own.unseen, content)) continue;
      const key = createHash('sha256').update(content).digest('base64');
      const entry = this.#use(key, content);
      used.add(key);
      if (entry.document === undefined || documents.has(entry.document)) continue;
      documents.set(entry.document, { text: new TextLines(content), lines: lineCountOf(content), path });
    }
    this.#evict(used);
    return { documents, own };
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

type OpenFile = OpenBuffer | OwnFile;

function isEqual(unseen: UnseenLines, text: string): boolean {
  return unseen.length === text.length && unseen.text === text;
}
