import { AppError } from '@repoformer/domain';

/** invalid_argument/CONFIG_INVALID: one line with the origin first, then what is wrong and what would be right. */
export function configError(where: string, problem: string, option?: string): AppError {
  return new AppError({
    kind: 'invalid_argument',
    reason: 'CONFIG_INVALID',
    message: where === '' ? problem : `${where}: ${problem}`,
    meta: { ...(option !== undefined && { option }), ...(where !== '' && { origin: where }) },
  });
}

/** A value as an error shows it: quoted, printable, short. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
