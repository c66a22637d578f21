import type { Split } from '../record.js';
import type { DropCounts } from './filter/judge-file.js';
import type { CorpusLanguage, TestCommand } from './manifest.js';
import { listCommit, readBlobs } from './read-commit.js';

/** A git repository of the corpus, ready to be indexed. */
export interface CorpusRepository {
  /** As in `HoleRecord.repository`: `npm:zod@4.1.0`. */
  readonly name: string;
  readonly split: Split;
  /** Absolute path of the git repository. */
  readonly root: string;
  /** What `files` are of. */
  readonly commit: string;
  readonly languages: readonly CorpusLanguage[];
  /** SPDX expression, or `NOASSERTION`. */
  readonly licence: string;
  /** Source files to take holes from, sorted: the repository may hold others (licences, data of tests). */
  readonly files: readonly string[];
  /** How many files of the package were left out, by reason. */
  readonly dropped: DropCounts;
  readonly tests?: TestCommand;
}

/** A source file with its text. */
export interface CorpusText {
  readonly path: string;
  readonly text: string;
}

/** The texts of a repository's source files, from its commit. @throws AppError */
export async function readCorpusTexts(
  { root, commit, files }: Pick<CorpusRepository, 'root' | 'commit' | 'files'>,
  signal?: AbortSignal,
): Promise<CorpusText[]> {
  const wanted = new Set(files);
  const listed = (await listCommit(root, commit, signal)).filter(({ path }) => wanted.has(path));
  const blobs = await readBlobs(
    root,
    listed.map(({ oid }) => oid),
    signal,
  );
  return listed.map(({ path }, at) => ({ path, text: Buffer.from(blobs[at]!).toString('utf8') }));
}
