import { createHash } from 'node:crypto';
import type { Hole, HoleKind } from '@repoformer/dataset';
import { languageOfPath } from '@repoformer/domain';
import { isBlank } from './text-lines.js';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What a hole is made of, before it is brought into the form that {@link Hole} demands. */
export interface HoleParts {
  /** Name in reports, such as `repoeval:google_vizier`. */
  readonly repository: string;
  readonly path: string;
  /** `line` becomes `line_rest` when code stands before it on its line. */
  readonly kind: HoleKind;
  readonly prefix: string;
  readonly middle: string;
  readonly suffix: string;
}

/**
 * The hole of these parts: line ends at the end of the truth go to the suffix; the truth's indentation goes to the prefix
 * when the prefix ends at the start of a line. The truth must have more than white space.
 */
export function createHole({ repository, path, kind, ...parts }: HoleParts): Hole {
  const end = parts.middle.length - (/[\r\n]+$/.exec(parts.middle)?.[0].length ?? 0);
  const atLineStart = parts.prefix === '' || parts.prefix.endsWith('\n');
  const start = atLineStart ? (/^[ \t]*/.exec(parts.middle)?.[0].length ?? 0) : 0;
  const prefix = parts.prefix + parts.middle.slice(0, start);
  const middle = parts.middle.slice(start, end);
  const suffix = parts.middle.slice(end) + parts.suffix;
  const lastLine = prefix.slice(prefix.lastIndexOf('\n') + 1);
  const exactKind = kind === 'line' && !isBlank(lastLine) ? 'line_rest' : kind;
  return {
    id: digest(
      JSON.stringify([
        repository,
        path,
        digest(prefix + middle + suffix),
        prefix.length,
        prefix.length + middle.length,
        exactKind,
      ]),
    ).slice(0, 32),
    repository,
    split: 'benchmark',
    path,
    language: languageOfPath(path),
    kind: exactKind,
    lines: middle.split('\n').length,
    prefix,
    middle,
    suffix,
  };
}
