import type { RetrievalQuery } from '@repoformer/domain';

/** A file of a repository. */
export interface SourceText {
  /** Relative to the repository's root, forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Code, or only what a definition is called with: its head without its body. */
export type ChunkKind = 'code' | 'signature';

/** Lines of one file: 0-based, end exclusive. */
export interface ChunkRange {
  readonly startLine: number;
  readonly endLine: number;
  readonly kind: ChunkKind;
}

/** Cuts files into what can be retrieved. */
export interface Chunker {
  readonly name: string;
  /**
   * In order of their first lines, within the file, none empty. They may overlap, and need not cover the file. A file
   * that cannot be parsed is cut all the same.
   */
  chunk(file: SourceText): Promise<readonly ChunkRange[]>;
}

/** A place where a completion is asked for. */
export interface RetrievalRequest {
  readonly path: string;
  /** As editors name it. */
  readonly language: string;
  /** All of the current file before and after the cursor. */
  readonly prefix: string;
  readonly suffix: string;
  /** How much of both, next to the cursor, the prompt shows anyway, in UTF-16 code units. */
  readonly visible: NonNullable<RetrievalQuery['visible']>;
  /** Whether the rest of the current file is searched, too, as the daemon does. */
  readonly searchOwnFile: boolean;
  /** What a model wrote without context, for a second round of retrieval; absent: there is none. */
  readonly draft?: string;
}

/** A chunk that can be shown: of another file as it is committed, or of the current one as it is being edited. */
export interface Candidate extends ChunkRange {
  readonly path: string;
  readonly isOwn: boolean;
  /** All lines of its file. */
  readonly lines: readonly string[];
}

export interface ScoredCandidate extends Candidate {
  /** In [0, 1]; comparable within one answer. */
  readonly score: number;
}

/** What a retriever answers. */
export interface Ranking<C extends ScoredCandidate = ScoredCandidate> {
  /** Best first. */
  readonly chunks: readonly C[];
  /** Where a retriever says which names are needed: the chance of each, all together at most 1. */
  readonly names?: ReadonlyMap<string, number>;
}

/** Finds chunks for a place; made for one repository cut by one chunker. */
export interface Retriever {
  /** The same request always gets the same answer. */
  retrieve(request: RetrievalRequest): Promise<Ranking>;
}

/** Lines of one file that are put into a prompt. */
export interface ShownSpan {
  readonly path: string;
  readonly isOwn: boolean;
  readonly startLine: number;
  readonly endLine: number;
  /** In [0, 1]: the best of what it is made of. */
  readonly score: number;
  /** Its lines but for blank ones. */
  readonly text: readonly string[];
  /** All lines of its file. */
  readonly fileLines: readonly string[];
}

export interface SelectionOptions {
  /** Tokens for all spans together, as {@link spanTokens} estimates them. */
  readonly budgetTokens: number;
  /** Leaves a chunk out, such as one that says what the prompt shows already. */
  readonly isUnwanted: (text: string) => boolean;
}

/** Chooses what of a ranking is put into a prompt: whole lines, within a budget, no line twice. */
export interface Selector {
  readonly name: string;
  /** In the order in which they stand in the prompt: most important first. */
  select(ranking: Ranking, options: SelectionOptions): readonly ShownSpan[];
}
