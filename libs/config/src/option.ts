/** How an option's text is read. `model` is a catalogue name or the path of a GGUF file. */
export type OptionType =
  'integer' | 'number' | 'boolean' | 'choice' | 'name' | 'path' | 'paths' | 'model' | 'address';

/** One row of the option table: everything that is known of one option. */
export interface OptionRow {
  /** Kebab-case; flag, environment variable and key in a file follow from it. */
  readonly name: string;
  readonly type: OptionType;
  /** What a number counts, for people ("tokens", "lines", "ms"). */
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** The value when nobody sets it. Absent: derived from the machine (`defaultDoc`), or none. */
  readonly default?: string | number | boolean | readonly string[];
  /** What the default is, where it is no constant. */
  readonly defaultDoc?: string;
  /** One or two sentences. */
  readonly doc: string;
  /**
   * `user`: the person at the machine (flag, environment, user file). `repository`: also a repository's own
   * file, which is untrusted and so never names a path, an address, a socket or a model.
   */
  readonly scope: 'user' | 'repository';
  /** The programs that heed it. */
  readonly usedBy: 'daemon' | 'cli' | 'both';
}

/** A host and port to listen at. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export type OptionValue = string | number | boolean | readonly string[] | ListenAddress;

/** Where a value came from. Lines are 1-based, as editors show them. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'user-file'; readonly path: string; readonly line: number }
  | { readonly kind: 'repository-file'; readonly path: string; readonly line: number }
  | { readonly kind: 'env'; readonly variable: string }
  | { readonly kind: 'flag'; readonly flag: string };

/** `--context-tokens` of `context-tokens`. */
export const flagOf = (name: string): string => `--${name}`;

/** `REPOFORMER_CONTEXT_TOKENS` of `context-tokens`. */
export const variableOf = (name: string): string => `REPOFORMER_${name.toUpperCase().replaceAll('-', '_')}`;

/** `contextTokens` of `context-tokens`. */
export const propertyOf = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** An origin in the words of an error or of `config show`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'default':
      return 'default';
    case 'env':
      return origin.variable;
    case 'flag':
      return origin.flag;
    default:
      return `${origin.path}:${origin.line}`;
  }
}
