import { createHash } from 'node:crypto';
import type { FitTable } from './fit-table.js';

/** SHA-256 of a table's content, whatever the order of its holes. */
export function tableDigest({ holes, coverage = [], readoutTokens }: FitTable): string {
  const hash = createHash('sha256').update(JSON.stringify(readoutTokens ?? null));
  for (const hole of [...holes].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const { id, repository, split, language, holeFeatures, chunkFeatures, probe } = hole;
    const gains = [hole.gainEs, hole.gainLogLikelihood, hole.chunkGains];
    hash.update(
      `\n${JSON.stringify([id, repository, split, language, holeFeatures, chunkFeatures, probe ?? null, gains])}`,
    );
  }
  for (const hole of [...coverage].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const { id, repository, holeFeatures, chunkFeatures } = hole;
    hash.update(`\n${JSON.stringify([id, repository, holeFeatures, chunkFeatures, hole.coverage])}`);
  }
  return hash.digest('hex');
}
