import type { Chunk } from '@repoformer/domain';
import { definedNames } from './definitions.js';
import { isTypedAgain, type FileFacts } from './file-facts.js';
import { mayImport } from './imports.js';
import { directoryDistance, nameParts, pathParts, setSimilarity, type PathParts } from './paths.js';
import { readLeading, type LeadingFacts } from './leading-facts.js';
import { longestMatch } from './word-match.js';
import { identifierSet, isIdentifier, wordsOf } from './words.js';

const CHUNK_CHARS = 4_000;
const CHUNK_LINES = 60;
const LEADING_CHARS = 2_000;
/** Lines shorter than this are alike everywhere: `}`, `else:`. */
const TELLING_CHARS = 8;

/** What one chunk says, seen from a hole. Shares are in [0, 1]. */
export interface ChunkFacts {
  readonly score: number;
  readonly path: PathParts;
  readonly words: ReadonlySet<string>;
  readonly identifiers: ReadonlySet<string>;
  /** Identifiers that the file does not show. */
  readonly novel: ReadonlySet<string>;
  readonly lines: number;
  /** As given, or estimated from the characters. */
  readonly tokens: number;
  readonly sameDirectory: boolean;
  readonly directoryDistance: number;
  readonly sharedNameParts: number;
  readonly isImported: boolean;
  /** Names that the file imports and the chunk defines. */
  readonly importedDefined: number;
  /** Unresolved identifiers that the chunk contains, and defines. */
  readonly unresolved: ReadonlySet<string>;
  readonly unresolvedDefined: ReadonlySet<string>;
  /** Share of the query's words in the chunk, each weighted by its rarity. */
  readonly queryOverlap: number;
  readonly nearOverlap: number;
  /** Share of the identifiers after the hole that the chunk has too. */
  readonly nextOverlap: number;
  /** Jaccard similarity with what stands around the hole. */
  readonly aroundSimilarity: number;
  readonly matchWords: number;
  readonly startsWithTyped: boolean;
  readonly hasPreviousLine: boolean;
  readonly leading: LeadingFacts;
  /** Different members that the chunk uses of the name before the dot at the cursor. */
  readonly receiverMembers: number;
  readonly hasCallee: boolean;
  readonly definesCallee: boolean;
  /** New words that begin with the word under construction. */
  readonly partialCompletions: number;
}

/** A word's rarity in [0, 1]; 0.5 where it is not known. */
export type WordWeight = (word: string) => number;

export function readChunk(
  chunk: Chunk,
  tokens: number | undefined,
  file: FileFacts,
  weight: WordWeight,
): ChunkFacts {
  const text = chunk.text.slice(0, CHUNK_CHARS);
  const lines = text.split('\n', CHUNK_LINES).map((line) => line.trim());
  const wordList = wordsOf(text);
  const words = new Set(wordList);
  const identifiers = identifierSet(wordList);
  const novel = new Set<string>();
  for (const word of identifiers) if (!file.known.has(word)) novel.add(word);
  const path = pathParts(chunk.path);
  const defined = definedNames(text, file.family);
  const unresolved = intersection(file.unresolved, words);
  const { cursor } = file;
  return {
    score: Number.isFinite(chunk.score) ? Math.min(1, Math.max(0, chunk.score)) : 0,
    path,
    words,
    identifiers,
    novel,
    lines: lines.length,
    tokens: tokens !== undefined && tokens >= 0 ? tokens : estimateTokens(chunk.text),
    sameDirectory: directoryDistance(path, file.path) === 0,
    directoryDistance: directoryDistance(path, file.path),
    sharedNameParts: setSimilarity(nameParts(path.stem), nameParts(file.path.stem)),
    isImported: file.imports.modules.some((module) => mayImport(module, chunk.path)),
    importedDefined: intersection(file.imports.names, defined).size,
    unresolved,
    unresolvedDefined: intersection(unresolved, defined),
    queryOverlap: weightedShare(file.queryWords, words, weight),
    nearOverlap: weightedShare(file.nearIdentifiers, words, weight),
    nextOverlap: weightedShare(file.nextIdentifiers, words, () => 1),
    aroundSimilarity: setSimilarity(words, file.aroundWords),
    matchWords: longestMatch(file.lastWords, wordList),
    startsWithTyped: lines.some((line) => isTypedAgain(cursor.typed.trim(), line)),
    leading: readLeading(file, (chunk.leading ?? '').slice(-LEADING_CHARS), lines),
    hasPreviousLine: cursor.previousLine.length >= TELLING_CHARS && lines.includes(cursor.previousLine),
    receiverMembers: membersOf(cursor.receiver, text),
    hasCallee: isIdentifier(cursor.callee) && words.has(cursor.callee),
    definesCallee: isIdentifier(cursor.callee) && defined.has(cursor.callee),
    partialCompletions: completionsOf(cursor.partialWord, novel),
  };
}

/** Code has about three characters a token; the comment marker of each line is one more. */
export function estimateTokens(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return Math.ceil(text.length / 3) + lines;
}

export function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> {
  const both = new Set<string>();
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  for (const word of small) if (large.has(word)) both.add(word);
  return both;
}

/** Weight of the words of a set that are in another, as a share of the weight of the set; 0 for an empty one. */
export function weightedShare(
  of: ReadonlySet<string>,
  within: ReadonlySet<string>,
  weight: WordWeight,
): number {
  let shared = 0;
  let total = 0;
  for (const word of of) {
    const each = weight(word);
    total += each;
    if (within.has(word)) shared += each;
  }
  return total > 0 ? shared / total : 0;
}

function membersOf(receiver: string, text: string): number {
  if (receiver === '') return 0;
  const members = new Set<string>();
  const isWord = /[\w\u0080-\uffff]/;
  for (let at = text.indexOf(receiver); at >= 0; at = text.indexOf(receiver, at + receiver.length)) {
    if (at > 0 && isWord.test(text[at - 1]!)) continue;
    const member = /^(?:\?\.|\.|->|::)(\w{1,120})/.exec(
      text.slice(at + receiver.length, at + receiver.length + 125),
    );
    if (member) members.add(member[1]!);
  }
  return members.size;
}

function completionsOf(partial: string, words: ReadonlySet<string>): number {
  if (partial.length < 2) return 0;
  let count = 0;
  for (const word of words) if (word.length > partial.length && word.startsWith(partial)) count++;
  return count;
}
