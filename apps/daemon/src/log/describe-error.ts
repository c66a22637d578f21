import { AppError } from '@repoformer/domain';

const MAX_MESSAGE = 500;
const MAX_CAUSES = 4;

/**
 * What of an error is logged. Messages of parsers are left out: they quote what they parsed, which may be
 * source text.
 */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const quotes = error instanceof SyntaxError;
  return {
    type: error.name,
    ...(error instanceof AppError && { kind: error.kind, reason: error.reason, meta: error.meta }),
    ...(!quotes && { message: error.message.slice(0, MAX_MESSAGE) }),
    // Expected failures need no stack; of others the frames are what tells the place.
    ...(!(error instanceof AppError) && {
      stack: (error.stack ?? '')
        .split('\n')
        .filter((line) => /^\s+at /.test(line))
        .slice(0, 12),
    }),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: describeError(error.cause, depth + 1) }),
  };
}
