import type { HoleRecord } from '@repoformer/dataset';

/** A file as it is with a hole in it: all that stands before and after. */
export interface Location {
  readonly prefix: string;
  readonly suffix: string;
}

/** A record holds only what stands close to the hole; the file knows the rest. Undefined where it has no such place. */
export function locateHole(
  { prefix, middle, suffix }: Pick<HoleRecord, 'prefix' | 'middle' | 'suffix'>,
  text: string,
): Location | undefined {
  const at = text.indexOf(prefix + middle + suffix);
  if (at < 0) return undefined;
  const start = at + prefix.length;
  return { prefix: text.slice(0, start), suffix: text.slice(start + middle.length) };
}
