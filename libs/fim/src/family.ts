/**
 * Where retrieved context goes.
 * - `after-suffix`: behind prefix and suffix, before the middle marker (Repoformer's order): the decision, the
 *   completion without context and the one with it share one evaluated prefix.
 * - `comment-prefix`: as comments in front of the prefix.
 * - `repository`: the family's own multi-file format.
 */
export type Placement = 'after-suffix' | 'comment-prefix' | 'repository';

/**
 * One element of a prompt template: a special token by its text, literal text (with `{path}`, `{language}` and
 * `{repository}`), or a slot.
 */
export type Element =
  { readonly marker: string } | { readonly literal: string } | 'prefix' | 'suffix' | 'context' | 'typed';

/** How one retrieved chunk is written. */
export interface ChunkStyle {
  /** Special token before each chunk. */
  readonly separator?: string;
  /**
   * `{comment}`, `{path}` and `{lines}` are filled in. With `commented`, every line of the chunk becomes a line
   * comment and blank lines are dropped (the paper's form).
   */
  readonly template: string;
  readonly commented: boolean;
  /** `best-last` puts the most similar chunk nearest the hole. */
  readonly order: 'best-first' | 'best-last';
}

export interface PlacementForm {
  readonly elements: readonly Element[];
  readonly chunk: ChunkStyle;
}

/** How a model family writes fill-in-the-middle prompts. */
export interface Family {
  readonly name: string;
  /** The prompt without context. */
  readonly single: readonly Element[];
  readonly placements: Partial<Readonly<Record<Placement, PlacementForm>>>;
  readonly defaultPlacement: Placement;
  /** Texts of special tokens that end a completion, where the vocabulary has them. */
  readonly stops: readonly string[];
  /** The token whose probability after the shared prefix says whether to retrieve. */
  readonly decisionToken?: string;
}

export const marker = (text: string): Element => ({ marker: text });
export const literal = (text: string): Element => ({ literal: text });

/** Plain chunks after the suffix, as the project's adapter was trained with. */
export const PLAIN_CHUNK: ChunkStyle = {
  template: '\n\n{comment} {path}\n{lines}\n',
  commented: false,
  order: 'best-last',
};

/** The paper's form: everything a comment, most similar first. */
export const COMMENTED_CHUNK: ChunkStyle = {
  template: '{comment} Below are some relevant lines of {path}:\n{lines}\n',
  commented: true,
  order: 'best-first',
};

export interface FamilyOptions {
  readonly name: string;
  readonly single: readonly Element[];
  readonly stops: readonly string[];
  readonly defaultPlacement?: Placement;
  readonly repository?: PlacementForm;
  readonly afterSuffix?: PlacementForm;
  readonly decisionToken?: string;
}

/** Completes a family with the placements that follow from its single-file form. */
export function createFamily(options: FamilyOptions): Family {
  const { single } = options;
  // Context after the suffix needs a middle marker behind it, or the suffix would run into the typed text.
  const hole = single.findLastIndex((element) => element === 'prefix' || element === 'suffix') + 1;
  const hasMiddle = hole < single.indexOf('typed');
  const hasSuffix = single.includes('suffix');
  const commentPrefix: PlacementForm = {
    elements: single.flatMap((element): Element[] =>
      element === 'prefix' ? ['context', element] : [element],
    ),
    chunk: COMMENTED_CHUNK,
  };
  const afterSuffix: PlacementForm | undefined =
    options.afterSuffix ??
    (hasMiddle && hasSuffix
      ? { elements: [...single.slice(0, hole), 'context', ...single.slice(hole)], chunk: PLAIN_CHUNK }
      : undefined);
  return {
    name: options.name,
    single,
    stops: options.stops,
    defaultPlacement: options.defaultPlacement ?? 'comment-prefix',
    ...(options.decisionToken !== undefined && { decisionToken: options.decisionToken }),
    placements: {
      'comment-prefix': commentPrefix,
      ...(afterSuffix && { 'after-suffix': afterSuffix }),
      ...(options.repository && { repository: options.repository }),
    },
  };
}
