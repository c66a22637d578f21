import { AppError, type ModelInfo } from '@repoformer/domain';
import { createFamily, type Element, type Family, type Placement, type PlacementForm } from './family.js';
import { FAMILY_NAMES, FAMILY_TABLE, findFamilyRow, PREFIX_ONLY } from './family-table.js';

/** A family bound to one model: every marker resolved to its token id. */
export interface FimFormat {
  readonly family: string;
  readonly placement: Placement;
  readonly single: readonly Element[];
  readonly withContext: PlacementForm;
  /** Token ids of every marker the two forms use. */
  readonly markers: ReadonlyMap<string, number>;
  readonly bosToken: number | undefined;
  /** Tokens that end a completion. */
  readonly stopTokens: readonly number[];
  /** Id of the token whose probability decides, where the model has one. */
  readonly decisionToken: number | undefined;
  /**
   * Whether prefix and suffix are evaluated once for the decision and for both branches (the context comes
   * behind both).
   */
  readonly sharesPrefix: boolean;
}

const METADATA_MARKERS = { prefix: '#prefix', suffix: '#suffix', middle: '#middle' } as const;

/**
 * Finds how to prompt a model, from its vocabulary and metadata, or as told.
 *
 * @throws AppError failed_precondition/MODEL_UNSUPPORTED when the family asked for needs a marker that is not
 * exactly one special token of this vocabulary, or does not know the placement; invalid_argument/CONFIG_INVALID
 * for an unknown family name.
 */
export function resolveFormat(
  info: ModelInfo,
  override: { family?: string; placement?: Placement } = {},
): FimFormat {
  const { family, ids } = chooseFamily(info, override.family);
  const placement = override.placement ?? family.defaultPlacement;
  const withContext = family.placements[placement];
  if (!withContext) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'MODEL_UNSUPPORTED',
      message: `family ${family.name} has no placement "${placement}"; it has ${Object.keys(family.placements).join(', ')}`,
    });
  }
  const markers = new Map<string, number>();
  for (const text of markerTexts(family, withContext)) {
    const id = ids[text];
    if (id === undefined) {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'MODEL_UNSUPPORTED',
        message: `${info.name}: family ${family.name} needs ${text} to be exactly one special token, and this model has none; choose another family (${FAMILY_NAMES.join(', ')})`,
        meta: { marker: text },
      });
    }
    markers.set(text, id);
  }
  const contextAt = withContext.elements.indexOf('context');
  return {
    family: family.name,
    placement,
    single: family.single,
    withContext,
    markers,
    bosToken: info.bosToken,
    stopTokens: stopTokens(family, info, markers),
    decisionToken: family.decisionToken === undefined ? undefined : ids[family.decisionToken],
    sharesPrefix:
      contextAt > withContext.elements.indexOf('prefix') &&
      contextAt > withContext.elements.indexOf('suffix'),
  };
}

/**
 * The same format with the suffix in front of the prefix, each behind its own marker: the order that models learn beside
 * the usual one (Bavarian et al., 2022).
 *
 * @throws AppError failed_precondition/MODEL_UNSUPPORTED when not both follow a marker of their own, prefix first
 */
export function suffixFirst(format: FimFormat): FimFormat {
  const { single, withContext, family } = format;
  const turned = (elements: readonly Element[]): Element[] => {
    const at = elements.indexOf('prefix');
    const [prefixMarker, prefix, suffixMarker, suffix] = elements.slice(at - 1, at + 3);
    if (!isMarker(prefixMarker) || !isMarker(suffixMarker) || prefix !== 'prefix' || suffix !== 'suffix') {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'MODEL_UNSUPPORTED',
        message: `family ${family} does not write prefix and suffix behind markers of their own, prefix first`,
      });
    }
    return elements.toSpliced(at - 1, 4, suffixMarker, suffix, prefixMarker, prefix);
  };
  return {
    ...format,
    single: turned(single),
    withContext: { ...withContext, elements: turned(withContext.elements) },
  };
}

function isMarker(element: Element | undefined): element is Extract<Element, { marker: string }> {
  return typeof element === 'object' && 'marker' in element;
}

function chooseFamily(
  info: ModelInfo,
  name: string | undefined,
): { family: Family; ids: Readonly<Record<string, number>> } {
  if (name !== undefined) {
    const family =
      name === PREFIX_ONLY.name
        ? PREFIX_ONLY
        : FAMILY_TABLE.find((entry) => entry.family.name === name)?.family;
    if (!family) {
      throw new AppError({
        kind: 'invalid_argument',
        reason: 'CONFIG_INVALID',
        message: `unknown model family "${name}"; known: ${FAMILY_NAMES.join(', ')}`,
      });
    }
    return { family, ids: info.specialTokens };
  }
  const found = findFamilyRow(info);
  if (found) return { family: found.family, ids: info.specialTokens };
  const { prefix, suffix, middle } = info.fimTokens;
  if (prefix !== undefined && suffix !== undefined && middle !== undefined) {
    return {
      family: METADATA_FAMILY,
      ids: {
        ...info.specialTokens,
        [METADATA_MARKERS.prefix]: prefix,
        [METADATA_MARKERS.suffix]: suffix,
        [METADATA_MARKERS.middle]: middle,
      },
    };
  }
  return { family: PREFIX_ONLY, ids: info.specialTokens };
}

/** A family nobody wrote down here, whose file names its own three markers. */
const METADATA_FAMILY: Family = createFamily({
  name: 'metadata',
  single: [
    { marker: METADATA_MARKERS.prefix },
    'prefix',
    { marker: METADATA_MARKERS.suffix },
    'suffix',
    { marker: METADATA_MARKERS.middle },
    'typed',
  ],
  stops: [],
});

function markerTexts(family: Family, form: PlacementForm): Set<string> {
  const texts = [...family.single, ...form.elements].flatMap((element) =>
    isMarker(element) ? [element.marker] : [],
  );
  return new Set(form.chunk.separator === undefined ? texts : [...texts, form.chunk.separator]);
}

/** End tokens, the family's stops, and its markers: none of them belongs into a completion. */
function stopTokens(family: Family, info: ModelInfo, markers: ReadonlyMap<string, number>): number[] {
  const named = family.stops.flatMap((text) => info.specialTokens[text] ?? []);
  return [...new Set([...info.endTokens, ...named, ...markers.values()])];
}
