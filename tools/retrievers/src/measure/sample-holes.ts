import { createHash } from 'node:crypto';
import type { HoleRecord } from '@repoformer/dataset';

/**
 * At most `limit` holes, as if drawn at random: which ones depends on their ids and the seed alone, and fewer of them
 * are a part of more. In the order given.
 */
export function sampleOf<T extends Pick<HoleRecord, 'id'>>(
  holes: readonly T[],
  limit: number,
  seed: number,
): T[] {
  if (holes.length <= limit) return [...holes];
  const keyed = holes.map((hole) => {
    const key = createHash('sha256').update(`${seed}:${hole.id}`).digest('hex');
    return { hole, key };
  });
  const drawn = new Set(
    [...keyed]
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .slice(0, limit)
      .map(({ hole }) => hole),
  );
  return holes.filter((hole) => drawn.has(hole));
}
