import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitRepository } from '@repoformer/e2e/harness';

/** A place in a file of the repository to retrieve for or to complete at. */
export interface SampleHole {
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** Holes at line starts of random source files, the same ones for the same seed. */
export function sampleHoles(repository: GitRepository, count: number, seed = 42): SampleHole[] {
  const paths = repository.git('ls-files', 'packages').split('\n');
  let state = seed;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const holes: SampleHole[] = [];
  while (holes.length < count) {
    const path = paths[Math.floor(random() * paths.length)]!;
    const lines = readFileSync(join(repository.root, path), 'utf8').split('\n');
    if (lines.length < 40 || lines.some((line) => line.length > 400)) continue;
    const at = 20 + Math.floor(random() * (lines.length - 25));
    const indent = /^\s*/.exec(lines[at]!)![0];
    if (lines[at]!.trim() === '') continue;
    const prefix = `${lines.slice(0, at).join('\n')}\n${indent}`;
    holes.push({ path, prefix, suffix: `\n${lines.slice(at + 1).join('\n')}` });
  }
  return holes;
}
