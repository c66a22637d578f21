import { createHash } from 'node:crypto';
import { seededRandom, type SeededRandom } from '../files/seeded-random.js';
import type { Hole, HoleKind, Split } from '../record.js';
import type { SourceFile } from './source-file.js';

/** A hole that may be. What it costs to judge is done when its turn comes. */
export interface Candidate {
  readonly kind: HoleKind;
  readonly file: SourceFile;
  readonly startLine: number;
  /** The hole itself, when it is one: offsets in UTF-16 code units. */
  range(): { readonly start: number; readonly end: number } | undefined;
}

/** Where random numbers come from: by content, so that neither the order of files nor other files matter. */
export interface Randomness {
  readonly seed: string;
  readonly repository: string;
}

/** Numbers for one purpose in one file. */
export function randomOf(
  { seed, repository }: Randomness,
  file: SourceFile,
  ...purpose: readonly (string | number)[]
): SeededRandom {
  return seededRandom(JSON.stringify([seed, repository, file.path, file.blob, ...purpose]));
}

/** Puts candidates into an order that each one's own file decides about. */
export function shuffled<T extends Candidate>(
  candidates: Iterable<T>,
  randomness: Randomness,
  purpose: string,
): T[] {
  const generators = new Map<SourceFile, SeededRandom>();
  const keyed: { readonly key: number; readonly candidate: T }[] = [];
  for (const candidate of candidates) {
    let random = generators.get(candidate.file);
    if (!random) generators.set(candidate.file, (random = randomOf(randomness, candidate.file, purpose)));
    keyed.push({ key: random.next(), candidate });
  }
  keyed.sort(
    (a, b) =>
      a.key - b.key ||
      compareText(a.candidate.file.path, b.candidate.file.path) ||
      a.candidate.startLine - b.candidate.startLine,
  );
  return keyed.map(({ candidate }) => candidate);
}

/** By code units: the same on every machine, whatever its language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The record of a hole. */
export function holeOf(
  { file, kind }: Candidate,
  { start, end }: { readonly start: number; readonly end: number },
  repository: string,
  split: Split,
): Hole {
  const { text, path, language, blob } = file;
  const middle = text.slice(start, end);
  return {
    id: createHash('sha256')
      .update(JSON.stringify([repository, path, blob, start, end, kind]))
      .digest('hex')
      .slice(0, 32),
    repository,
    split,
    path,
    language,
    kind,
    lines: middle.split('\n').length,
    prefix: text.slice(0, start),
    middle,
    suffix: text.slice(end),
  };
}
