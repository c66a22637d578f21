import { setSimilarity } from './paths.js';
import { longestMatch } from './word-match.js';
import { wordsOf } from './words.js';

/** Lines compared as a whole, on both sides. */
const COMPARED_LINES = 5;
/** Lines shorter than this are alike everywhere: `}`, `else:`. */
const TELLING_CHARS = 4;
/** Farther from the chunk's beginning than this, an equal line says nothing of what comes next. */
const FAR_LINES = 20;

/**
 * How well what stands before a chunk agrees with what stands before the cursor. Where it does, line by line, the
 * chunk begins with what came next the last time; where the same line stands elsewhere, what came next is elsewhere.
 */
export interface LeadingFacts {
  /** Lines before the cursor's that equal those before the chunk, counted upwards from both; 0 to 5. */
  readonly equalLines: number;
  /** Jaccard similarity of the words of the last five lines that are not blank, on both sides. */
  readonly similarity: number;
  /** Longest run of the last words before the cursor in what stands before the chunk, or across its beginning. */
  readonly matchWords: number;
  /**
   * Where the line before the cursor's stands again: 1 just before the chunk, falling to 0 at 20 lines from there,
   * before or within it; 0 where it does not.
   */
  readonly previousLinePlace: number;
  /** Share of the chunk that follows that line; 1 where it stands before the chunk, 0 where it is nowhere. */
  readonly shareAfter: number;
}

/** What is known of the text before the cursor. */
export interface LeadingView {
  /** Trimmed lines before the cursor's line that are not blank, the nearest last. */
  readonly linesBefore: readonly string[];
  readonly lastWords: readonly string[];
}

const NOTHING: LeadingFacts = {
  equalLines: 0,
  similarity: 0,
  matchWords: 0,
  previousLinePlace: 0,
  shareAfter: 0,
};

/**
 * @param leading the lines before the chunk in its file; empty: the file begins there, or it is not known
 * @param lines the chunk's lines, trimmed
 */
export function readLeading(view: LeadingView, leading: string, lines: readonly string[]): LeadingFacts {
  const before = leading.split('\n').map((line) => line.trim());
  const filled = before.filter((line) => line !== '');
  const own = view.linesBefore;
  const previous = own.at(-1);
  if (previous === undefined) return NOTHING;
  let equalLines = 0;
  while (
    equalLines < COMPARED_LINES &&
    equalLines < Math.min(own.length, filled.length) &&
    own[own.length - 1 - equalLines] === filled[filled.length - 1 - equalLines]
  ) {
    equalLines++;
  }
  const place = placeOf(previous, before, lines);
  return {
    equalLines,
    similarity: setSimilarity(wordsOfLast(own), wordsOfLast(filled)),
    matchWords: longestMatch(view.lastWords, wordsOf(`${leading}\n${lines.slice(0, 2).join('\n')}`)),
    previousLinePlace: place === undefined ? 0 : Math.max(0, 1 - Math.abs(place) / FAR_LINES),
    shareAfter: place === undefined ? 0 : 1 - Math.max(0, place) / Math.max(1, lines.length),
  };
}

/** Lines from the chunk's beginning to behind the nearest equal line; negative when it ends before. */
function placeOf(line: string, before: readonly string[], lines: readonly string[]): number | undefined {
  if (line.length < TELLING_CHARS) return undefined;
  const within = lines.indexOf(line);
  const ahead = before.lastIndexOf(line);
  const places = [...(within < 0 ? [] : [within + 1]), ...(ahead < 0 ? [] : [ahead + 1 - before.length])];
  return places.sort((a, b) => Math.abs(a) - Math.abs(b))[0];
}

function wordsOfLast(lines: readonly string[]): ReadonlySet<string> {
  return new Set(wordsOf(lines.slice(-COMPARED_LINES).join('\n')));
}
