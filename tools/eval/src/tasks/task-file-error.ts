import { AppError } from '@repoformer/domain';

/** Where in a file of tasks something is wrong. Lines count from 1, as editors show them. */
export interface TaskPlace {
  readonly file: string;
  readonly line?: number;
  /** Such as `metadata.fpath_tuple`. */
  readonly field?: string;
}

/** An `invalid_argument` error about a file of tasks; it names the place and never shows its text. */
export function taskFileError({ file, line, field }: TaskPlace, problem: string, cause?: unknown): AppError {
  const where = [
    file,
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(field === undefined ? [] : [field]),
  ];
  return new AppError({
    kind: 'invalid_argument',
    reason: 'INVALID_REQUEST',
    message: `${where.join(', ')}: ${problem}`,
    meta: {
      file,
      ...(line === undefined ? {} : { line: String(line) }),
      ...(field === undefined ? {} : { field }),
    },
    cause,
  });
}
