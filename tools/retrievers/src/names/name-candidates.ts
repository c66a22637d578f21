import { familyOf, readImports } from '@repoformer/policy';
import type { ChunkedRepository, CurrentFile, TokenChunk } from '../corpus/chunked-repository.js';
import { countTerms, type TermIndex } from '../corpus/term-index.js';
import { partialWord, wordsOf } from '../corpus/words.js';
import type { RetrievalRequest } from '../ports.js';
import { closeWords, partsOf } from '../retrievers/query-words.js';
import { LineMatch } from './line-match.js';
import type { NameFeatures } from './name-model.js';
import { findContinuations } from './token-match.js';

/** Lines whose parts of names are compared. */
const AROUND = { linesBefore: 24, linesAfter: 12, decay: 0.85 };
/** A shorter beginning of a word fits too many names. */
const LEAST_PARTIAL = 2;
const LEAST_VOTES = 0.02;

/** A chunk of the pool, with its score as a share of the best one's. */
export interface PoolChunk extends TokenChunk {
  readonly share: number;
}

/** What names are looked for in and with. */
export interface NamePool {
  readonly request: RetrievalRequest;
  readonly chunked: ChunkedRepository;
  readonly words: TermIndex;
  readonly subWords: TermIndex;
  readonly current: CurrentFile;
  /** Weights of the words close to the cursor, by which the pool was found. */
  readonly weights: ReadonlyMap<number, number>;
  readonly chunks: readonly PoolChunk[];
}

/** Every name in the pool that the prompt does not show, with what tells whether it is needed. */
export function nameCandidates(pool: NamePool): Map<string, NameFeatures> {
  const { vocabulary } = pool.chunked.repository;
  const shown = shownWords(pool);
  const isCandidate = (token: number) => vocabulary.isIdentifier(token) && !shown.has(token);
  const found = new Map<number, NameFeatures>();
  const lines = new LineMatch(pool.weights, vocabulary);
  const [dot, bracket] = [vocabulary.id('.'), vocabulary.id('(')];
  for (const chunk of pool.chunks) {
    const names = new Set<number>();
    const { tokens, lineStarts } = chunk.file;
    for (let line = chunk.startLine; line < chunk.endLine; line++) {
      for (let at = lineStarts[line]!; at < lineStarts[line + 1]!; at++) {
        const token = tokens[at]!;
        if (!isCandidate(token)) continue;
        names.add(token);
        const features = featuresOf(found, token);
        features.sameLine = Math.max(features.sameLine, lines.around(chunk.file, line));
        if (at > lineStarts[line]! && tokens[at - 1] === dot) features.member = 1;
        if (at + 1 < lineStarts[line + 1]! && tokens[at + 1] === bracket) features.called = 1;
        if (chunk.isOwn) features.ownCount++;
      }
    }
    for (const token of names) featuresOf(found, token).votes += chunk.share ** 2;
  }
  addKnowledge(pool, found);
  return new Map([...found].map(([token, features]) => [vocabulary.token(token), features]));
}

/** What does not depend on where in the pool a name stands. */
function addKnowledge(pool: NamePool, found: Map<number, NameFeatures>): void {
  const { request, chunked, subWords } = pool;
  const { vocabulary } = chunked.repository;
  const { names: imported } = readImports(request.prefix, familyOf(request.language));
  const parts = partWeights(pool);
  const continuations = findContinuations(pool);
  const partial = partialWord(request.prefix);
  const begins = (name: string) =>
    partial.length >= LEAST_PARTIAL && name.length > partial.length && name.startsWith(partial);
  const beginning = [...found.keys()].filter((token) => begins(vocabulary.token(token))).length;
  const frequency = frequencies(pool);
  for (const [token, features] of found) {
    const name = vocabulary.token(token);
    features.votes = Math.log(LEAST_VOTES + features.votes);
    let match = 0;
    for (const part of vocabulary.parts(token)) match += (parts.get(part) ?? 0) * subWords.rarity(part);
    features.subWords = Math.log(1 + match);
    features.frequency = Math.log(Math.max(1, frequency(token)));
    features.ownCount = Math.log(1 + features.ownCount);
    features.imported = imported.has(name) ? 1 : 0;
    features.followsMatch = continuations.get(token) ?? 0;
    features.beginsWithPartial = begins(name) ? 1 + 1 / Math.sqrt(beginning) : 0;
  }
}

/**
 * In how many chunks a name occurs. Of the current file those count that the prompt does not show, as they are now:
 * what is committed of it may hold the very text that is to be written.
 */
function frequencies({ words, chunked, current, request }: NamePool): (token: number) => number {
  const { vocabulary, numberOf } = chunked.repository;
  const ownNumber = numberOf.get(request.path);
  const own = new Map<number, number>();
  for (const { file, startLine, endLine } of current.chunks) {
    for (const term of countTerms(file, startLine, endLine, vocabulary, 'words').keys()) {
      own.set(term, (own.get(term) ?? 0) + 1);
    }
  }
  return (token) => {
    const committed = ownNumber === undefined ? 0 : words.frequencyInFile(token, ownNumber);
    return words.frequency(token) - committed + (own.get(token) ?? 0);
  };
}

/** The parts of names around the cursor; of words that are nowhere else, nothing is to be learnt. */
function partWeights({ request, chunked, words }: NamePool): Map<number, number> {
  const { vocabulary } = chunked.repository;
  const close = [...closeWords(request, AROUND, vocabulary)];
  return partsOf(new Map(close.filter(([word]) => words.frequency(word) > 0)), vocabulary);
}

/** All words of the text that the prompt shows. */
function shownWords({ request, chunked }: NamePool): Set<number> {
  const { prefix, suffix, visible } = request;
  const before = prefix.slice(Math.max(0, prefix.length - visible.beforeChars));
  const text = `${before}\n${suffix.slice(0, visible.afterChars)}`;
  return new Set(wordsOf(text).map((word) => chunked.repository.vocabulary.id(word)));
}

function featuresOf(found: Map<number, NameFeatures>, token: number): NameFeatures {
  let features = found.get(token);
  if (features === undefined) {
    features = {
      votes: 0,
      subWords: 0,
      frequency: 0,
      ownCount: 0,
      member: 0,
      called: 0,
      sameLine: 0,
      imported: 0,
      followsMatch: 0,
      beginsWithPartial: 0,
    };
    found.set(token, features);
  }
  return features;
}
