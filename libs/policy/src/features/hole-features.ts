import { intersection, weightedShare, type ChunkFacts, type WordWeight } from './chunk-facts.js';
import { definedNames } from './definitions.js';
import type { HoleFeature } from './feature-names.js';
import type { FileFacts } from './file-facts.js';
import { longestMatch } from './word-match.js';
import { isIdentifier } from './words.js';

const IMPORT_KEYWORDS = new Set(['import', 'from', 'require', 'use', 'export']);
const DEFINITION_KEYWORDS = new Set(
  'def class function interface type enum extends implements const let var fn func struct impl pub default'.split(
    ' ',
  ),
);
const RESULT_KEYWORDS = new Set('return yield await raise throw new'.split(' '));
const FAR_DIRECTORY = 8;

/** What is asked of the hole's chunks as a whole. */
export interface HoleView {
  readonly file: FileFacts;
  readonly chunks: readonly ChunkFacts[];
  readonly contextTokens: number;
  readonly weight: WordWeight;
  readonly path: string;
}

export function holeFeatures({
  file,
  chunks,
  contextTokens,
  weight,
  path,
}: HoleView): Record<HoleFeature, number> {
  const { cursor } = file;
  const [first, second, third] = chunks;
  const all = union(chunks.map((chunk) => chunk.words));
  const identifiers = union(chunks.map((chunk) => chunk.identifiers));
  const novel = union(chunks.map((chunk) => chunk.novel));
  const most = (of: (chunk: ChunkFacts) => number) =>
    chunks.reduce((best, chunk) => Math.max(best, of(chunk)), 0);
  const any = (of: (chunk: ChunkFacts) => boolean) => flag(chunks.some(of));
  const score = (chunk: ChunkFacts | undefined) => chunk?.score ?? 0;
  const after = (what: typeof cursor.after) => flag(cursor.after === what);
  const { keyword } = cursor;
  const isOtherKeyword = ![IMPORT_KEYWORDS, DEFINITION_KEYWORDS, RESULT_KEYWORDS].some((set) =>
    set.has(keyword),
  );

  const matchPrefix = longestMatch(file.lastWords, file.prefixWords, file.prefixWords.length - 1);
  const matchSuffix = longestMatch(file.lastWords, file.suffixWords);
  const matchChunks = most((chunk) => chunk.matchWords);

  return {
    chunkCount: chunks.length,
    bestScore: score(first),
    secondScore: score(second),
    thirdScore: score(third),
    gapBestSecond: score(first) - score(second),
    gapSecondThird: score(second) - score(third),
    meanScore: mean(chunks.map(score)),
    countAboveFifth: chunks.filter((chunk) => chunk.score > 0.2).length,
    logContextTokens: Math.log1p(contextTokens),
    queryOverlapBest: first?.queryOverlap ?? 0,
    queryOverlapAll: weightedShare(file.queryWords, all, weight),
    queryRarity: mean([...file.queryWords].map(weight)),
    nearOverlapAll: weightedShare(file.nearIdentifiers, all, weight),
    nextOverlapAll: weightedShare(file.nextIdentifiers, all, () => 1),
    aroundSimilarityMax: most((chunk) => chunk.aroundSimilarity),
    noveltyAll: novel.size / Math.max(1, identifiers.size),
    logNovelIdentifiers: Math.log1p(novel.size),

    sameDirectoryBest: flag(first?.sameDirectory === true),
    sameDirectoryAny: any((chunk) => chunk.sameDirectory),
    directoryDistanceBest: Math.min(FAR_DIRECTORY, first?.directoryDistance ?? FAR_DIRECTORY),
    directoryDistanceMin: chunks.reduce(
      (least, each) => Math.min(least, each.directoryDistance),
      FAR_DIRECTORY,
    ),
    sharedNamePartsBest: first?.sharedNameParts ?? 0,
    sharedNamePartsMax: most((chunk) => chunk.sharedNameParts),
    importedAny: any((chunk) => chunk.isImported),
    importedCount: chunks.filter((chunk) => chunk.isImported).length,
    importedDefinedAll: Math.min(10, sum(chunks.map((chunk) => chunk.importedDefined))),
    samePathShare: sameFileShare(chunks),

    unresolvedCount: Math.min(10, file.unresolved.size),
    unresolvedShare: file.unresolved.size / Math.max(1, file.nearIdentifiers.size),
    unresolvedInChunks: Math.min(10, intersection(file.unresolved, all).size),
    unresolvedDefinedInChunks: Math.min(10, union(chunks.map((chunk) => chunk.unresolvedDefined)).size),
    nearIdentifierCount: Math.min(30, file.nearIdentifiers.size),
    nearRarity: mean([...file.nearIdentifiers].map(weight)),
    receiverMembersMax: Math.log1p(most((chunk) => chunk.receiverMembers)),
    receiverKnown: flag(
      cursor.receiver !== '' && file.known.has(cursor.receiver) && !file.unresolved.has(cursor.receiver),
    ),
    calleeKnown: flag(isIdentifier(cursor.callee) && !file.unresolved.has(cursor.callee)),
    calleeInChunks: any((chunk) => chunk.hasCallee),
    calleeDefinedInChunks: any((chunk) => chunk.definesCallee),
    partialCompletions: Math.log1p(sum(chunks.map((chunk) => chunk.partialCompletions))),

    matchWordsPrefix: matchPrefix,
    matchWordsSuffix: matchSuffix,
    matchWordsChunks: matchChunks,
    matchAdvantage: matchChunks - Math.max(matchPrefix, matchSuffix),
    startsWithTypedAny: any((chunk) => chunk.startsWithTyped),
    startsWithTypedFile: flag(file.startsWithTyped),
    hasPreviousLineAny: any((chunk) => chunk.hasPreviousLine),
    leadingEqualLinesBest: first?.leading.equalLines ?? 0,
    leadingSimilarityBest: first?.leading.similarity ?? 0,
    leadingMatchWordsBest: first?.leading.matchWords ?? 0,
    previousLinePlaceBest: first?.leading.previousLinePlace ?? 0,
    shareAfterBest: first?.leading.shareAfter ?? 0,

    afterDot: after('dot'),
    afterParenthesis: after('parenthesis'),
    afterBracket: after('bracket'),
    afterComma: after('comma'),
    afterAssignment: after('assignment'),
    afterColon: after('colon'),
    afterImport: flag(IMPORT_KEYWORDS.has(keyword)),
    afterDefinition: flag(DEFINITION_KEYWORDS.has(keyword)),
    afterReturn: flag(RESULT_KEYWORDS.has(keyword)),
    afterOtherKeyword: flag(keyword !== '' && isOtherKeyword),
    atLineStart: after('lineStart'),
    insideWord: flag(cursor.partialWord !== ''),
    isComment: flag(cursor.isComment),
    logTypedLength: Math.log1p(cursor.typed.length),
    lineDepth: Math.min(8, cursor.lineDepth),
    statementDepth: Math.min(8, cursor.statementDepth),
    indentation: Math.min(10, cursor.indentation / 4),
    indentationChange: Math.max(-10, Math.min(10, (cursor.indentation - cursor.previousIndentation) / 4)),
    isPreviousBlank: flag(cursor.isPreviousBlank),
    previousOpensBlock: flag(/[:{([]$/.test(cursor.previousLine)),
    previousDefines: flag(definedNames(cursor.previousLine, file.family).size > 0),

    logPrefixLength: Math.log1p(file.prefixLength),
    logSuffixLength: Math.log1p(file.suffixLength),
    filePosition: file.prefixLength / Math.max(1, file.prefixLength + file.suffixLength),
    isSuffixEmpty: flag(file.suffixLength === 0),
    hasRestOfLine: flag(cursor.restOfLine !== ''),
    isInImportBlock: flag(
      /^(?:from|import|use|#include|require|using)\b/.test(`${cursor.typed}\n`) ||
        /^(?:from|import|use|#include|using)\b/.test(cursor.previousLine),
    ),
    hasLocalImport: flag(
      file.imports.modules.some((module) => module.relative || mayShareRoot(module.segments, file)),
    ),
    logImports: Math.log1p(file.imports.modules.length),
    isTestPath: flag(/(?:^|[/._-])(?:tests?|specs?|__tests__)(?:[/._-]|$)/i.test(path)),
    isPython: flag(file.family === 'python'),
    isJavascript: flag(file.family === 'javascript'),
    isOtherLanguage: flag(file.family === 'other'),
  };
}

/** Absolute imports of the file's own package begin with one of its directories. */
function mayShareRoot(segments: readonly string[], file: FileFacts): boolean {
  return segments.length > 0 && file.path.directories.includes(segments[0]!);
}

function sameFileShare(chunks: readonly ChunkFacts[]): number {
  const files = new Set(chunks.map((chunk) => [...chunk.path.directories, chunk.path.stem].join('/')));
  return chunks.length === 0 ? 0 : 1 - files.size / chunks.length;
}

function flag(is: boolean): number {
  return is ? 1 : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}

function union(sets: readonly ReadonlySet<string>[]): Set<string> {
  const all = new Set<string>();
  for (const set of sets) for (const word of set) all.add(word);
  return all;
}
