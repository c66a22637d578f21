/** One line of an ignore file, in git's syntax. */
export interface IgnorePattern {
  /** Begins with `!`: what it matches is included again. */
  readonly isNegated: boolean;
  /** Ends with `/`: matches directories only. */
  readonly isDirectoryOnly: boolean;
  /** Has a `/` elsewhere: matches from the file's own directory on, not names at any depth. */
  readonly isAnchored: boolean;
  readonly segments: readonly Segment[];
}

type Segment = typeof ANY_DIRECTORIES | readonly Token[];
/** A character, or which characters may stand here, or any number of them. */
type Token = string | typeof ANY | typeof STAR | ((character: string) => boolean);

const ANY_DIRECTORIES = Symbol('**');
const ANY = Symbol('?');
const STAR = Symbol('*');

/** Undefined for blank lines and comments. */
export function parseIgnorePattern(line: string): IgnorePattern | undefined {
  // Blanks at the end do not count unless escaped.
  let text = line.replace(/(?<=[^\s\\]|^)[ \t]+$/, '');
  if (text === '' || text.startsWith('#')) return undefined;
  const isNegated = text.startsWith('!');
  if (isNegated) text = text.slice(1);
  const isDirectoryOnly = text.endsWith('/');
  if (isDirectoryOnly) text = text.slice(0, -1);
  const isAnchored = text.includes('/');
  const parts = text.replace(/^\//, '').split('/');
  if (parts.length === 1 && parts[0] === '') return undefined;
  const segments = parts.map((part): Segment => (part === '**' ? ANY_DIRECTORIES : tokenise(part)));
  // What `dir/**` matches lies inside: at least one more name.
  if (isAnchored && segments.at(-1) === ANY_DIRECTORIES) segments.push([STAR]);
  return { isNegated, isDirectoryOnly, isAnchored, segments };
}

/**
 * Whether a pattern matches a path itself (not only a directory above it). The path is relative to the
 * pattern's directory and ends with a slash when it is a directory. The time is bounded by the product of
 * both lengths per level, whatever the pattern.
 */
export function matchesPattern(pattern: IgnorePattern, path: string): boolean {
  const isDirectory = path.endsWith('/');
  if (pattern.isDirectoryOnly && !isDirectory) return false;
  const names = (isDirectory ? path.slice(0, -1) : path).split('/');
  if (!pattern.isAnchored) {
    const [segment] = pattern.segments;
    return segment === ANY_DIRECTORIES || matchName(segment!, names.at(-1)!);
  }
  return matchWithStars(
    pattern.segments,
    names,
    (segment) => segment === ANY_DIRECTORIES,
    (segment, name) => matchName(segment as readonly Token[], name),
  );
}

function matchName(tokens: readonly Token[], name: string): boolean {
  return matchWithStars(
    tokens,
    [...name],
    (token) => token === STAR,
    (token, character) =>
      token === ANY || (typeof token === 'function' ? token(character) : token === character),
  );
}

/** Matches items in order, a star standing for any number of them; only the last star seen is tried again. */
function matchWithStars<P, I>(
  pattern: readonly P[],
  items: readonly I[],
  isStar: (part: P) => boolean,
  matches: (part: P, item: I) => boolean,
): boolean {
  let part = 0;
  let item = 0;
  let star = -1;
  let resumeAt = 0;
  while (item < items.length) {
    if (part < pattern.length && isStar(pattern[part]!)) {
      star = part++;
      resumeAt = item;
    } else if (part < pattern.length && matches(pattern[part]!, items[item]!)) {
      part++;
      item++;
    } else if (star >= 0) {
      part = star + 1;
      item = ++resumeAt;
    } else {
      return false;
    }
  }
  while (part < pattern.length && isStar(pattern[part]!)) part++;
  return part === pattern.length;
}

function tokenise(part: string): Token[] {
  const tokens: Token[] = [];
  const characters = [...part];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    if (character === '*') {
      if (tokens.at(-1) !== STAR) tokens.push(STAR);
    } else if (character === '?') {
      tokens.push(ANY);
    } else if (character === '\\') {
      tokens.push(characters[++i] ?? '\\');
    } else if (character === '[') {
      const found = parseClass(characters, i);
      if (found) i = found.end;
      // An unclosed bracket matches nothing, as in git.
      tokens.push(found ? found.test : () => false);
    } else {
      tokens.push(character);
    }
  }
  return tokens;
}

const NAMED_CLASSES: Readonly<Record<string, RegExp>> = {
  alpha: /[A-Za-z]/,
  digit: /\d/,
  alnum: /[A-Za-z0-9]/,
  upper: /[A-Z]/,
  lower: /[a-z]/,
  space: /\s/,
  punct: /[!-/:-@[-`{-~]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Reads `[a-z]`, `[!a]`, `[[:digit:]]` from its opening bracket on. */
function parseClass(
  characters: readonly string[],
  start: number,
): { readonly end: number; readonly test: (character: string) => boolean } | undefined {
  let i = start + 1;
  const isNegated = characters[i] === '!' || characters[i] === '^';
  if (isNegated) i++;
  const tests: ((character: string) => boolean)[] = [];
  for (let first = true; i < characters.length; first = false) {
    if (characters[i] === ']' && !first) {
      return { end: i, test: (character) => tests.some((test) => test(character)) !== isNegated };
    }
    const named = /^\[:([a-z]+):\]/.exec(characters.slice(i, i + 12).join(''));
    if (named) {
      const pattern = NAMED_CLASSES[named[1]!];
      tests.push((character) => pattern?.test(character) ?? false);
      i += named[0].length;
      continue;
    }
    if (characters[i] === '\\') i++;
    const low = characters[i++];
    if (low === undefined) return undefined;
    let high = low;
    if (characters[i] === '-' && characters[i + 1] !== undefined && characters[i + 1] !== ']') {
      i++;
      if (characters[i] === '\\') i++;
      high = characters[i++] ?? low;
    }
    tests.push((character) => character >= low && character <= high);
  }
  return undefined;
}
