import { weightedShare, type ChunkFacts, type WordWeight } from './chunk-facts.js';
import type { ChunkFeature } from './feature-names.js';
import type { FileFacts } from './file-facts.js';
import { longestMatch } from './word-match.js';

/** One row a chunk; what earlier chunks have said already counts as known. */
export function chunkFeatures(
  file: FileFacts,
  chunks: readonly ChunkFacts[],
  weight: WordWeight,
): Record<ChunkFeature, number>[] {
  const earlier = new Set<string>();
  const earlierPaths = new Set<string>();
  let earlierMatch = 0;
  const fileMatch = Math.max(
    longestMatch(file.lastWords, file.prefixWords, file.prefixWords.length - 1),
    longestMatch(file.lastWords, file.suffixWords),
  );
  return chunks.map((chunk, rank) => {
    const isNew = (word: string) => !earlier.has(word);
    const newWords = new Set([...chunk.words].filter(isNew));
    const newNovel = [...chunk.novel].filter(isNew).length;
    const path = [...chunk.path.directories, chunk.path.stem].join('/');
    const identifiers = Math.max(1, chunk.identifiers.size);
    const next = chunks[rank + 1];
    const row: Record<ChunkFeature, number> = {
      rank,
      score: chunk.score,
      gapToBest: chunks[0]!.score - chunk.score,
      gapToPrevious: rank === 0 ? 0 : chunks[rank - 1]!.score - chunk.score,
      gapToNext: next ? chunk.score - next.score : 0,
      sameDirectory: chunk.sameDirectory ? 1 : 0,
      directoryDistance: Math.min(8, chunk.directoryDistance),
      sharedNameParts: chunk.sharedNameParts,
      isImported: chunk.isImported ? 1 : 0,
      importedDefined: Math.min(10, chunk.importedDefined),
      sameFileAsEarlier: earlierPaths.has(path) ? 1 : 0,
      unresolvedNew: Math.min(10, [...chunk.unresolved].filter(isNew).length),
      unresolvedDefinedNew: Math.min(10, [...chunk.unresolvedDefined].filter(isNew).length),
      queryOverlap: chunk.queryOverlap,
      queryOverlapNew: weightedShare(file.queryWords, newWords, weight),
      nearOverlap: chunk.nearOverlap,
      nearOverlapNew: weightedShare(file.nearIdentifiers, newWords, weight),
      nextOverlap: chunk.nextOverlap,
      nextOverlapNew: weightedShare(file.nextIdentifiers, newWords, () => 1),
      aroundSimilarity: chunk.aroundSimilarity,
      matchWords: chunk.matchWords,
      matchWordsOverFile: chunk.matchWords - fileMatch,
      matchWordsOverEarlier: chunk.matchWords - earlierMatch,
      startsWithTyped: chunk.startsWithTyped ? 1 : 0,
      hasPreviousLine: chunk.hasPreviousLine ? 1 : 0,
      leadingEqualLines: chunk.leading.equalLines,
      leadingSimilarity: chunk.leading.similarity,
      leadingMatchWords: chunk.leading.matchWords,
      previousLinePlace: chunk.leading.previousLinePlace,
      shareAfter: chunk.leading.shareAfter,
      logReceiverMembers: Math.log1p(chunk.receiverMembers),
      hasCallee: chunk.hasCallee ? 1 : 0,
      definesCallee: chunk.definesCallee ? 1 : 0,
      partialCompletions: Math.log1p(chunk.partialCompletions),
      novelty: chunk.novel.size / identifiers,
      noveltyNew: newNovel / identifiers,
      redundancy: chunk.words.size === 0 ? 0 : 1 - newWords.size / chunk.words.size,
      logLines: Math.log1p(chunk.lines),
      logTokens: Math.log1p(chunk.tokens),
    };
    for (const word of chunk.words) earlier.add(word);
    earlierPaths.add(path);
    earlierMatch = Math.max(earlierMatch, chunk.matchWords);
    return row;
  });
}
