import { seenLines, type LineRange } from '@repoformer/retrieval';
import { isBlank } from '@repoformer/retrieval';
import type { Candidate, Chunker, ChunkRange, RetrievalRequest } from '../ports.js';
import { lineFinder } from './file-syntax.js';
import type { Repository } from './repository.js';
import { TermIndex, type TermKind } from './term-index.js';
import { tokenise, type TokenFile } from './token-file.js';

/** A candidate with the tokens of its file. */
export interface TokenChunk extends Candidate {
  readonly file: TokenFile;
}

/** A chunk of a committed file; `number` is its place in {@link ChunkedRepository.chunks}. */
export interface CommittedChunk extends ChunkRange {
  readonly number: number;
  /** Place of its file in {@link Repository.files}. */
  readonly fileNumber: number;
}

/** The current file as it is being edited. */
export interface CurrentFile {
  readonly file: TokenFile;
  /** Lines that the prompt shows anyway. */
  readonly seen: LineRange;
  /** Those of its chunks, or parts of them, that the prompt does not show; none where they are not asked for. */
  readonly chunks: readonly TokenChunk[];
}

/** A repository cut into chunks, and what of it a request may get. */
export class ChunkedRepository {
  readonly #indexes = new Map<TermKind, TermIndex>();

  private constructor(
    readonly repository: Repository,
    readonly chunker: Chunker,
    /** By file, then line. Blank chunks are left out. */
    readonly chunks: readonly CommittedChunk[],
    /** Number of the first chunk of each file, and, last, how many there are. */
    readonly firstChunks: Int32Array,
  ) {}

  static async of(repository: Repository, chunker: Chunker): Promise<ChunkedRepository> {
    const chunks: CommittedChunk[] = [];
    const firstChunks = new Int32Array(repository.files.length + 1);
    for (const [fileNumber, { content }] of repository.files.entries()) {
      for (const { startLine, endLine, kind } of await chunker.chunk(content)) {
        if (content.lines.slice(startLine, endLine).every(isBlank)) continue;
        chunks.push({ startLine, endLine, kind, fileNumber, number: chunks.length });
      }
      firstChunks[fileNumber + 1] = chunks.length;
    }
    return new ChunkedRepository(repository, chunker, chunks, firstChunks);
  }

  /** Which chunks have which terms: made once, for all retrievers. */
  terms(kind: TermKind = 'words'): TermIndex {
    let index = this.#indexes.get(kind);
    if (index === undefined) this.#indexes.set(kind, (index = new TermIndex(this, kind)));
    return index;
  }

  /**
   * The path by which a file is shown to a request: the first that is not the current file's, whose committed content
   * is out of date. Undefined where there is none.
   */
  pathFor(fileNumber: number, { path: own }: RetrievalRequest): string | undefined {
    return this.repository.files[fileNumber]!.paths.find((path) => path !== own);
  }

  /** A committed chunk as a candidate for a request; undefined where its file is the current one. */
  candidate(number: number, request: RetrievalRequest): TokenChunk | undefined {
    const { startLine, endLine, kind, fileNumber } = this.chunks[number]!;
    const path = this.pathFor(fileNumber, request);
    if (path === undefined) return undefined;
    const file = this.repository.files[fileNumber]!.content;
    return { path, isOwn: false, lines: file.lines, file, startLine, endLine, kind };
  }

  /** Reads the current file; this is part of what a retrieval costs. */
  async openCurrent(request: RetrievalRequest): Promise<CurrentFile> {
    const { path, prefix, suffix, visible, searchOwnFile, language } = request;
    const text = `${prefix}${suffix}`;
    const file = tokenise(path, text, this.repository.vocabulary, language);
    const seen = seenLines(prefix.length, suffix.length, visible, lineFinder(text));
    if (!searchOwnFile) return { file, seen, chunks: [] };
    const chunks = (await this.chunker.chunk({ path, text })).flatMap((range) =>
      unseenParts(range, seen)
        .filter(({ startLine, endLine }) => !file.lines.slice(startLine, endLine).every(isBlank))
        .map((part) => ({ ...part, path, isOwn: true, lines: file.lines, file })),
    );
    return { file, seen, chunks };
  }
}

function unseenParts(range: ChunkRange, seen: LineRange): ChunkRange[] {
  const above = { ...range, endLine: Math.min(range.endLine, seen.from) };
  const below = { ...range, startLine: Math.max(range.startLine, seen.to) };
  return [above, below].filter(({ startLine, endLine }) => startLine < endLine);
}
