import { AppError } from '@repoformer/domain';

/** The `code` of a Node error; undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/**
 * Translates an error of the file system.
 *
 * @param what the thing that was read or written, with its path, for the message.
 */
export function fileError(what: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const code = errorCode(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new AppError({
      kind: 'not_found',
      reason: 'MODEL_NOT_FOUND',
      message: `${what} does not exist`,
      cause,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new AppError({
      kind: 'permission_denied',
      reason: 'MODEL_NOT_FOUND',
      message: `${what} may not be accessed (${code}): check its permissions`,
      cause,
    });
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError({
      kind: 'resource_exhausted',
      reason: 'MODEL_DOWNLOAD_FAILED',
      message: `${what}: the disk is full`,
      cause,
    });
  }
  return new AppError({
    kind: 'internal',
    reason: 'INTERNAL',
    message: `${what} cannot be accessed${code === undefined ? '' : ` (${code})`}`,
    cause,
  });
}
