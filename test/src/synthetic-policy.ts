import { writeFileSync } from 'node:fs';
import { CHUNK_FEATURES, HOLE_FEATURES } from '@repoformer/policy';
import { fitPolicy, type FitHole } from '@repoformer/policy-tool';

const HOLES = 80;
const REPOSITORIES = 8;

/**
 * Holes of which each fifth gains a tenth of a point and none loses anything: context is worth its evaluation where
 * time costs nothing, and where it has a price, not.
 */
const TABLE: readonly FitHole[] = Array.from({ length: HOLES }, (_, at) => {
  const gain = at % 5 === 0 ? 0.1 : 0;
  return {
    id: String(at).padStart(4, '0'),
    repository: `r${at % REPOSITORIES}`,
    split: 'train',
    language: 'python',
    holeFeatures: HOLE_FEATURES.map((name) => (name === 'bestScore' ? ((at * 37) % 100) / 100 : 0)),
    chunkFeatures: [CHUNK_FEATURES.map(() => 0)],
    gainEs: gain,
    gainLogLikelihood: gain,
    chunkGains: [gain],
  };
});

/** Writes a policy document that was fitted on holes made up for it. */
export function writeSyntheticPolicy(path: string): void {
  const { document } = fitPolicy(
    { holes: TABLE, contextChunks: 3 },
    { name: 'synthetic', generator: { name: 'nobody' }, draws: 20 },
  );
  writeFileSync(path, JSON.stringify(document));
}
