import type { SeededRandom } from '../files/seeded-random.js';
import type { SparseVector } from './sparse-vector.js';

export interface KMeansOptions {
  /** At most the number of vectors are made. */
  readonly clusters: number;
  readonly dimensions: number;
  readonly random: SeededRandom;
  /** Default 20. */
  readonly maxRounds?: number;
}

export interface Clustering {
  /** Cluster of each vector. */
  readonly assignment: Uint32Array;
  /** The means of the clusters' vectors, one after the other. */
  readonly centres: Float64Array;
}

/**
 * Lloyd's algorithm, begun by k-means++: the same seed gives the same clusters. A tie goes to the first centre, and
 * a cluster that loses all its vectors keeps its centre.
 */
export function kMeans(vectors: readonly SparseVector[], options: KMeansOptions): Clustering {
  const { dimensions, maxRounds = 20 } = options;
  const centres = firstCentres(vectors, options);
  const assignment = new Uint32Array(vectors.length);
  for (let round = 0; round < maxRounds; round++) {
    const moved = assign(vectors, centres, dimensions, assignment);
    if (moved === 0 && round > 0) break;
    moveCentres(vectors, assignment, centres, dimensions);
  }
  assign(vectors, centres, dimensions, assignment);
  return { assignment, centres };
}

/** Each further centre is a vector, drawn with a chance that grows with the square of its distance. */
function firstCentres(
  vectors: readonly SparseVector[],
  { clusters, dimensions, random }: KMeansOptions,
): Float64Array {
  const count = Math.min(clusters, vectors.length);
  const centres = new Float64Array(count * dimensions);
  const distances = new Float64Array(vectors.length).fill(Infinity);
  let chosen = random.below(vectors.length);
  for (let cluster = 0; cluster < count; cluster++) {
    const centre = centres.subarray(cluster * dimensions, (cluster + 1) * dimensions);
    const { indices, values } = vectors[chosen]!;
    indices.forEach((index, i) => (centre[index] = values[i]!));
    const norm = squaredNorm(centre);
    let total = 0;
    vectors.forEach((vector, i) => {
      distances[i] = Math.min(distances[i]!, squaredDistance(vector, centre, norm));
      total += distances[i]!;
    });
    let left = random.next() * total;
    chosen = distances.findIndex((distance) => (left -= distance) < 0);
    if (chosen < 0) chosen = random.below(vectors.length);
  }
  return centres;
}

/** Gives each vector to its nearest centre; returns how many changed. */
function assign(
  vectors: readonly SparseVector[],
  centres: Float64Array,
  dimensions: number,
  assignment: Uint32Array,
): number {
  const rows = Array.from({ length: centres.length / dimensions }, (_, cluster) =>
    centres.subarray(cluster * dimensions, (cluster + 1) * dimensions),
  );
  const norms = rows.map(squaredNorm);
  let moved = 0;
  vectors.forEach((vector, i) => {
    let best = 0;
    let least = Infinity;
    for (let cluster = 0; cluster < rows.length; cluster++) {
      const distance = squaredDistance(vector, rows[cluster]!, norms[cluster]!);
      if (distance < least) {
        least = distance;
        best = cluster;
      }
    }
    if (assignment[i] !== best) moved += 1;
    assignment[i] = best;
  });
  return moved;
}

function moveCentres(
  vectors: readonly SparseVector[],
  assignment: Uint32Array,
  centres: Float64Array,
  dimensions: number,
): void {
  const sums = new Float64Array(centres.length);
  const sizes = new Float64Array(centres.length / dimensions);
  vectors.forEach(({ indices, values }, i) => {
    const cluster = assignment[i]!;
    sizes[cluster]! += 1;
    indices.forEach((index, at) => (sums[cluster * dimensions + index]! += values[at]!));
  });
  sizes.forEach((size, cluster) => {
    if (size === 0) return;
    for (let index = cluster * dimensions; index < (cluster + 1) * dimensions; index++) {
      centres[index] = sums[index]! / size;
    }
  });
}

/** |x - c|², from the entries of x alone. */
function squaredDistance(
  { indices, values }: SparseVector,
  centre: Float64Array,
  centreNorm: number,
): number {
  let sum = centreNorm;
  for (let i = 0; i < indices.length; i++) {
    const value = values[i]!;
    sum += value * (value - 2 * centre[indices[i]!]!);
  }
  return Math.max(0, sum);
}

function squaredNorm(vector: Float64Array): number {
  return vector.reduce((sum, value) => sum + value * value, 0);
}
