import type { Split } from '../record.js';

/** Registries that packages come from. */
export const ECOSYSTEMS = ['npm', 'pypi', 'crates', 'go', 'maven'] as const;
export type Ecosystem = (typeof ECOSYSTEMS)[number];

/** Languages that holes are taken from; see `filter/source-languages.ts`. */
export const CORPUS_LANGUAGES = ['python', 'typescript', 'javascript', 'go', 'rust', 'java'] as const;
export type CorpusLanguage = (typeof CORPUS_LANGUAGES)[number];

/** How a package's own tests run: in a copy of its repository, without a shell and without network. */
export interface TestCommand {
  readonly command: readonly string[];
  /** Requirements to install beforehand, as the ecosystem's client takes them. */
  readonly install: readonly string[];
  /** What else has to be known, such as the versions of Python that it runs on. */
  readonly note?: string;
}

interface EntryBase {
  /** As named in the corpus: `npm:zod@4.1.0`, or `path:` and the folder's name. */
  readonly name: string;
  readonly split: Split;
  readonly languages: readonly CorpusLanguage[];
  /** SPDX expression; `NOASSERTION` for a local repository that states none. */
  readonly licence: string;
  readonly note?: string;
  readonly tests?: TestCommand;
}

/** A package of a registry, pinned by version and checksum. */
export interface PackageEntry extends EntryBase {
  readonly source: 'package';
  readonly ecosystem: Ecosystem;
  /** The package's name in its registry. */
  readonly packageName: string;
  readonly version: string;
  /** SHA-256 of the archive in hex; of Go modules, the `h1:` sum. */
  readonly sha256: string;
  /** For `pypi`: what to fetch. Sdists hold tests more often, wheels run nothing while they are fetched. */
  readonly kind: 'wheel' | 'sdist';
  /** Only what lies below these folders (or these files); all of it where empty. */
  readonly include: readonly string[];
  /** Kept whatever their language, for tests that need them; never a place for holes. */
  readonly keep: readonly string[];
}

/** A git repository on this machine, taken as it is. */
export interface PathEntry extends EntryBase {
  readonly source: 'path';
  /** Absolute. */
  readonly path: string;
}

export type CorpusEntry = PackageEntry | PathEntry;

/** What a corpus is made of, as read from a manifest. */
export interface CorpusManifest {
  /** Lower-case letters, digits and dashes: the corpus's folder below the cache. */
  readonly name: string;
  readonly entries: readonly CorpusEntry[];
}
