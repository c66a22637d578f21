import type {
  SearchOptions,
  TextLines,
  UnseenLines,
  WindowHit,
  WindowIndex,
  WindowOptions,
} from '@repoformer/retrieval';
import type { OpenFiles } from './overlay-index.js';
import type { SearchableFiles } from './searchable-files.js';

/** The document of the current file's unseen part; those of open buffers are negative, too, but small. */
const OWN_DOCUMENT = Number.MIN_SAFE_INTEGER;

/** Asks an index, or a text by itself, for the best windows. */
export interface FileSearch {
  readonly index: (index: WindowIndex, options: SearchOptions) => WindowHit[];
  readonly text: (text: UnseenLines, options: SearchOptions, windows: WindowOptions) => WindowHit[];
}

/** Where a document's text comes from, noted before anything can change. */
export interface Source {
  readonly path: string;
  readonly lines: number;
  /** Of a committed file. */
  readonly oid?: string;
  /** Of an open one. */
  readonly text?: Pick<TextLines, 'slice' | 'blocks'>;
}

export interface Found {
  /** Best first. */
  readonly hits: readonly WindowHit[];
  readonly sources: ReadonlyMap<number, Source>;
}

export interface FileSearchOptions {
  /** Paths whose committed content is not searched. */
  readonly hidden: ReadonlySet<string>;
  readonly limit: number;
  readonly windows: WindowOptions;
  readonly search: FileSearch;
}

/** The best windows of committed and open files, as they are at this moment: by score, then path, then line. */
export function searchFiles(
  files: SearchableFiles,
  overlay: WindowIndex,
  open: OpenFiles,
  options: FileSearchOptions,
): Found {
  return new Search(files, overlay, open, options).best();
}

class Search {
  readonly #paths = new Map<number, string | undefined>();

  constructor(
    private readonly files: SearchableFiles,
    private readonly overlay: WindowIndex,
    private readonly open: OpenFiles,
    private readonly options: FileSearchOptions,
  ) {}

  best(): Found {
    const { limit } = this.options;
    const open = [...this.#own(), ...this.#opened()].sort((a, b) => b.score - a.score);
    // What is less than enough open windows have cannot be among the best of all.
    const committed = this.#committed(open[limit - 1]?.score ?? 0);
    const hits = [...committed, ...open]
      .sort((a, b) => b.score - a.score || this.#compare(a.document, b.document) || a.startLine - b.startLine)
      .slice(0, limit);
    const sources = new Map<number, Source>();
    for (const { document } of hits) sources.set(document, this.#sourceOf(document));
    return { hits, sources };
  }

  #committed(minScore: number): WindowHit[] {
    const { limit, search } = this.options;
    return search.index(this.files.index, {
      topK: limit,
      minScore,
      isExcluded: (document) => this.#pathOf(document) === undefined,
      compareDocuments: (a, b) => this.#compare(a, b),
    });
  }

  #opened(): WindowHit[] {
    const { limit, search } = this.options;
    const { documents } = this.open;
    if (documents.size === 0) return [];
    return search
      .index(this.overlay, {
        topK: limit,
        isExcluded: (document) => !documents.has(document),
        compareDocuments: (a, b) => this.#compare(~a, ~b),
      })
      .map((hit) => ({ ...hit, document: ~hit.document }));
  }

  #own(): WindowHit[] {
    const { limit, search, windows } = this.options;
    const { own } = this.open;
    if (own === undefined) return [];
    return search
      .text(own.unseen, { topK: limit }, windows)
      .map((hit) => ({ ...hit, document: OWN_DOCUMENT }));
  }

  #sourceOf(document: number): Source {
    const path = this.#pathOf(document)!;
    if (document === OWN_DOCUMENT) {
      const { unseen } = this.open.own!;
      return { path, text: unseen, lines: unseen.lines };
    }
    if (document < 0) {
      const { text, lines } = this.open.documents.get(~document)!;
      return { path, text, lines };
    }
    const { oid, lines } = this.files.documentOf(document);
    return { path, oid, lines };
  }

  /** The least path of a document that is not hidden; undefined when all are. */
  #pathOf(document: number): string | undefined {
    if (document === OWN_DOCUMENT) return this.open.own?.path;
    if (document < 0) return this.open.documents.get(~document)?.path;
    if (!this.#paths.has(document)) {
      const { paths } = this.files.documentOf(document);
      this.#paths.set(
        document,
        paths.find((path) => !this.options.hidden.has(path)),
      );
    }
    return this.#paths.get(document);
  }

  /** By path. Excluded documents come to be compared too, before it is asked whether they are. */
  #compare(a: number, b: number): number {
    const left = this.#pathOf(a) ?? '';
    const right = this.#pathOf(b) ?? '';
    return left < right ? -1 : left > right ? 1 : a - b;
  }
}
