import type { Hole, HoleRecord } from '@repoformer/dataset';

/**
 * The hole with all of its file around it: a record holds only the text near by.
 *
 * @param text the file's, with the truth in place
 * @returns undefined when the record's text does not stand in the file exactly once
 */
export function restoreHole(record: HoleRecord, text: string): Hole | undefined {
  const { prefix, middle, suffix } = record;
  const shown = prefix + middle + suffix;
  const start = text.indexOf(shown);
  if (start < 0 || text.includes(shown, start + 1)) return undefined;
  const { id, repository, split, path, language, kind, lines } = record;
  const from = start + prefix.length;
  return {
    ...{ id, repository, split, path, language, kind, lines, middle },
    prefix: text.slice(0, from),
    suffix: text.slice(from + middle.length),
  };
}
