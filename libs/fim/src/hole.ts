/** A cursor position, anchored at its line. */
export interface Hole {
  /** Everything before the cursor's line: ends with a line end, or is empty. */
  readonly above: string;
  /** What stands on the cursor's line before the cursor, indentation included. */
  readonly typed: string;
  /** Everything after the cursor. */
  readonly suffix: string;
}

/**
 * Anchors a hole at its line. What is typed on the line goes behind the middle marker, so that a keystroke costs
 * one token and no model has to continue from half a token in its prefix.
 */
export function anchorHole(prefix: string, suffix: string): Hole {
  const lineStart = prefix.lastIndexOf('\n') + 1;
  return { above: prefix.slice(0, lineStart), typed: prefix.slice(lineStart), suffix };
}

/**
 * Where to back up to before generating, so that the text typed so far does not end inside a token: the start of
 * the trailing white space, or of the trailing word with the one character before it. UTF-16 offset into `typed`.
 */
export function healingStart(typed: string): number {
  const space = /\s+$/u.exec(typed);
  if (space) return space.index;
  const word = /[^\p{L}\p{N}_]?[\p{L}\p{N}_]*$/u.exec(typed);
  return word ? word.index : typed.length;
}

/** Most tokens of a long word that are generated again to heal its end. */
const MAX_HEALED_TOKENS = 3;

/**
 * Splits the tokens of `typed` into those kept and the bytes that generation must reproduce first.
 *
 * @param tokens `typed` as token ids
 * @param tokenBytes the bytes of each
 */
export function splitTyped(
  typed: string,
  tokens: Int32Array,
  tokenBytes: readonly Uint8Array[],
): { kept: Int32Array; forcedBytes: Uint8Array } {
  const bytes = new TextEncoder().encode(typed);
  const healFrom = new TextEncoder().encode(typed.slice(0, healingStart(typed))).length;
  const isSpace = /\s$/u.test(typed);
  let keptBytes = 0;
  let kept = 0;
  while (kept < tokens.length && keptBytes + tokenBytes[kept]!.length <= healFrom)
    keptBytes += tokenBytes[kept++]!.length;
  if (!isSpace) {
    for (; tokens.length - kept > MAX_HEALED_TOKENS; kept++) keptBytes += tokenBytes[kept]!.length;
  }
  // A tokenizer that adds or drops bytes (SentencePiece's leading space) cannot be split: generate all of it.
  const exact = tokenBytes.reduce((sum, each) => sum + each.length, 0) === bytes.length;
  if (!exact) return { kept: new Int32Array(), forcedBytes: bytes };
  return { kept: tokens.slice(0, kept), forcedBytes: bytes.slice(keptBytes) };
}
