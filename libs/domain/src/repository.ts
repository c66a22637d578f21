import type { Chunk, ChunkAlignment, OpenBuffer } from './chunk.js';

/** First 16 hex digits of the SHA-256 of the repository's real root path. */
export type RepositoryId = string;

export type IndexState = 'pending' | 'indexing' | 'ready' | 'failed';

/** Why a file of the tree is not in the index. */
export const SKIP_REASONS = [
  'ignored',
  'binary',
  'too_large',
  'generated',
  'vendored',
  'secret',
  'missing',
  'symlink',
  'submodule',
  'unsafe_path',
  'unreadable',
] as const;
export type SkipReason = (typeof SKIP_REASONS)[number];

export interface IndexProgress {
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
}

/** What the daemon knows of one repository. */
export interface RepositoryStatus {
  readonly id: RepositoryId;
  /** Absolute real path of the working tree's root, or of the bare repository. */
  readonly root: string;
  readonly state: IndexState;
  /** Hex oid; undefined on an unborn branch. */
  readonly headCommit: string | undefined;
  /** Hex oid; undefined before the first index is complete. */
  readonly indexedCommit: string | undefined;
  readonly files: number;
  readonly chunks: number;
  readonly lines: number;
  readonly skipped: Partial<Record<SkipReason, number>>;
  readonly indexedAt: Date | undefined;
  /** Set while `state` is `indexing`. */
  readonly progress?: IndexProgress;
  /** Set while `state` is `failed`: what happened, what to do. */
  readonly problem?: string;
}

/** One path whose blob differs between two trees. `before`/`after` are blob oids; absent: not there. */
export interface TreeChange {
  readonly path: string;
  readonly before?: string;
  readonly after?: string;
  /** Set instead of an oid where the new entry is no regular file that could be indexed. */
  readonly skip?: Extract<SkipReason, 'symlink' | 'submodule' | 'unsafe_path'>;
  readonly skippedBefore?: Extract<SkipReason, 'symlink' | 'submodule' | 'unsafe_path'>;
}

export type BlobContent =
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  /** Absent from the object database (partial clone). */
  | { readonly kind: 'missing' }
  | { readonly kind: 'too_large'; readonly sizeBytes: number }
  | { readonly kind: 'corrupt'; readonly problem: string };

/** What is at a path of the working tree: the blob that its content would make, or why that is not known. */
export type WorkingEntry = { readonly oid: string } | { readonly skip: 'too_large' | 'unreadable' };

/** The working tree at one look. */
export interface WorkingTreeScan {
  /** Regular files by path: those that git tracks, and those it neither tracks nor ignores. */
  readonly files: ReadonlyMap<string, WorkingEntry>;
  /** Files that git tracks and that are gone; those left out by a sparse checkout are not. */
  readonly deleted: ReadonlySet<string>;
}

/** Ignore rules as they are come upon on the way down a tree. */
export interface IgnoreRules {
  /** @param directory with a slash at its end; the root is empty */
  add(directory: string, text: string): void;
  /** @param path of a file, or of a directory with a slash at its end, whose parents are not ignored */
  isIgnored(path: string): boolean;
}

export interface WorkingTreeOptions {
  /** Larger files are not read. */
  readonly maxFileBytes: number;
  /** A tree with more files is not looked at. */
  readonly maxPaths: number;
  /** Most bytes read by one look; what is left is read by the next. */
  readonly maxReadBytes: number;
  /** Empty, to be filled with the rules found. */
  readonly rules: IgnoreRules;
  readonly signal: AbortSignal;
}

/**
 * Reads one git repository. Never runs git, never writes, never reads outside the repository
 * (its object alternates excepted). Safe against repack, gc and concurrent commits.
 */
export interface RepositoryReader {
  readonly root: string;
  readonly bare: boolean;
  /** The directory of HEAD and its reflog (that of the linked worktree, where it is one). */
  readonly gitDirectory: string;
  /** The directory of objects and refs shared by all worktrees. */
  readonly commonDirectory: string;
  /** Commit oid HEAD resolves to; undefined on an unborn branch. */
  readHead(): Promise<string | undefined>;
  /** Oid of the commit's root tree. `not_found`/OBJECT_MISSING when the commit is gone. */
  readTreeOid(commit: string): Promise<string>;
  /**
   * Differences between two commits' trees, in path order, without descending into equal subtrees.
   * `from` undefined: everything in `to`. Cost is proportional to what differs.
   */
  diffTrees(
    from: string | undefined,
    to: string | undefined,
    signal?: AbortSignal,
  ): AsyncIterable<TreeChange>;
  /** Blob oid at a path of a commit; undefined when there is none. */
  findBlob(commit: string, path: string): Promise<string | undefined>;
  /** A blob's bytes, unless it exceeds `maxBytes` (then it is not inflated). */
  readBlob(oid: string, maxBytes: number): Promise<BlobContent>;
  /**
   * Looks at the working tree. Files are read only where neither git's index nor an earlier look knows their content by
   * their size and times; links are not followed. What it found, {@link readBlob} reads, too, as long as it is there.
   * Undefined where there is no working tree.
   * @throws AppError resource_exhausted when there are more than `maxPaths` files; cancelled.
   */
  scanWorkingTree(options: WorkingTreeOptions): Promise<WorkingTreeScan | undefined>;
  close(): void;
}

/** Opens a repository by any path inside its working tree, or by its git directory. */
export interface RepositoryOpener {
  /**
   * @throws AppError invalid_argument/NOT_A_REPOSITORY; failed_precondition/REPOSITORY_FORMAT_UNSUPPORTED
   * for SHA-256, reftable or unknown repository extensions.
   */
  open(path: string): Promise<RepositoryReader>;
}

/**
 * How windows are compared with what stands around the cursor: by weighted words (BM25, a word counting more the
 * closer it is to the cursor), or by the Jaccard similarity of their words, as in the paper.
 */
export const RETRIEVER_NAMES = ['bm25', 'jaccard'] as const;
export type RetrieverName = (typeof RETRIEVER_NAMES)[number];

/** What a completion is given of the windows that a retriever finds: as in the paper, Jaccard's are shown as they are. */
export function alignmentOf(retriever: RetrieverName): ChunkAlignment {
  return retriever === 'jaccard' ? 'matched' : 'block';
}

export interface RetrievalQuery {
  readonly repository: RepositoryId;
  readonly retriever: RetrieverName;
  /** Path of the current file. Empty: unknown; chunks that overlap prefix or suffix are left out. */
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
  /**
   * How much of prefix and suffix, next to the cursor, the model sees anyway, in characters: the rest of the current
   * file is searched, too. Absent: nothing of the current file is.
   */
  readonly visible?: { readonly beforeChars: number; readonly afterChars: number };
  readonly topK: number;
  readonly alignment: ChunkAlignment;
  readonly openBuffers: readonly OpenBuffer[];
}

/** How common words are in what is indexed. */
export interface WordStatistics {
  /** Windows searched. */
  readonly windows: number;
  /** In how many of them each word occurs; windows of changed files may count until they are merged away. */
  readonly frequencies: ReadonlyMap<string, number>;
}

export interface RetrievalResult {
  /** Best first. */
  readonly chunks: readonly Chunk[];
  /** Of the query's words; absent when nothing was searched. */
  readonly words?: WordStatistics;
  /** Undefined while the first index is not complete; `chunks` then come from what is indexed so far. */
  readonly indexedCommit: string | undefined;
  readonly headCommit: string | undefined;
  readonly state: IndexState;
  /** Grows whenever the searchable content changes; caches keyed by it never go stale. */
  readonly generation: number;
}

/** Finds cross-file context for a hole. */
export interface SnippetRetriever {
  /** @throws AppError not_found/REPOSITORY_NOT_FOUND, cancelled, deadline_exceeded. */
  retrieve(query: RetrievalQuery, signal?: AbortSignal): Promise<RetrievalResult>;
}

/** The repositories kept indexed: what RPC handlers and completions see of indexing. */
export interface RepositoryIndex extends SnippetRetriever {
  /** Registers and starts indexing; idempotent. Resolves once registered, not once indexed. */
  add(root: string): Promise<RepositoryStatus>;
  remove(repository: string): Promise<void>;
  list(): Promise<RepositoryStatus[]>;
  /** By id, or by an absolute path inside the repository. */
  get(repository: string): Promise<RepositoryStatus>;
  /** HEAD may have moved. Returns at once; at most one reconciliation runs and one waits. */
  notify(repository: string, cause: string): Promise<void>;
  /** Drops the index and builds it anew; resolves once it has begun. */
  reindex(repository: string): Promise<RepositoryStatus>;
  /** The state now and at every change, until the signal is aborted or the repository is removed. */
  watch(repository: string, signal: AbortSignal): AsyncIterable<RepositoryStatus>;
  close(): Promise<void>;
}
