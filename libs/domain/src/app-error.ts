/** What went wrong, coarsely; each kind maps to exactly one gRPC status. */
export type ErrorKind =
  | 'invalid_argument'
  | 'not_found'
  | 'already_exists'
  | 'permission_denied'
  | 'unauthenticated'
  | 'failed_precondition'
  | 'resource_exhausted'
  | 'out_of_range'
  | 'unimplemented'
  | 'unavailable'
  | 'deadline_exceeded'
  | 'cancelled'
  | 'aborted'
  | 'data_loss'
  | 'internal';

/**
 * The stable codes clients may branch on. Each is listed, with the same spelling, in
 * `proto/repoformer/v1/error.proto`; a test holds the two together.
 */
export const ERROR_REASONS = [
  'INVALID_REQUEST',
  'NOT_A_REPOSITORY',
  'REPOSITORY_NOT_FOUND',
  'REPOSITORY_FORMAT_UNSUPPORTED',
  'REPOSITORY_UNREADABLE',
  'OBJECT_MISSING',
  'OBJECT_CORRUPT',
  'INDEX_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'STORE_IN_USE',
  'MODEL_NOT_FOUND',
  'MODEL_INVALID',
  'MODEL_UNSUPPORTED',
  'MODEL_NOT_LOADED',
  'MODEL_DOWNLOAD_FAILED',
  'MODEL_CHECKSUM_MISMATCH',
  'ENGINE_UNAVAILABLE',
  'ENGINE_CRASHED',
  'ENGINE_BUSY',
  'PROMPT_TOO_LARGE',
  'POLICY_UNKNOWN',
  'POLICY_UNSUPPORTED_BY_MODEL',
  'RETRIEVER_UNKNOWN',
  'COMPLETION_UNKNOWN',
  'SUPERSEDED',
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'CONFIG_INVALID',
  'DAEMON_UNREACHABLE',
  'DAEMON_ALREADY_RUNNING',
  'HOOKS_FAILED',
  'SHUTTING_DOWN',
  'UNAUTHENTICATED',
  'SECRET_FILE',
  'INTERNAL',
] as const;

export type ErrorReason = (typeof ERROR_REASONS)[number];

export interface AppErrorOptions {
  kind: ErrorKind;
  reason: ErrorReason;
  /** For people: what happened and what to do. Never holds source text. */
  message: string;
  /** Machine-readable facts, sent to the client as ErrorInfo metadata. */
  meta?: Record<string, string>;
  /** The foreign error behind it: logged, never sent. */
  cause?: unknown;
}

/** The one error class of the project. Foreign errors become one at the adapter's edge. */
export class AppError extends Error {
  readonly kind: ErrorKind;
  readonly reason: ErrorReason;
  readonly meta: Readonly<Record<string, string>>;

  constructor(options: AppErrorOptions) {
    super(options.message, { cause: options.cause });
    this.name = 'AppError';
    this.kind = options.kind;
    this.reason = options.reason;
    this.meta = options.meta ?? {};
  }
}

/** An `invalid_argument` error about one request field. */
export function invalidArgument(field: string, message: string): AppError {
  return new AppError({
    kind: 'invalid_argument',
    reason: 'INVALID_REQUEST',
    message: `${field}: ${message}`,
    meta: { field },
  });
}

/** The error an aborted signal stands for: its own reason when that is an AppError, else `cancelled`. */
export function abortError(signal: AbortSignal): AppError {
  if (signal.reason instanceof AppError) return signal.reason;
  return new AppError({ kind: 'cancelled', reason: 'CANCELLED', message: 'cancelled', cause: signal.reason });
}

/** Throws {@link abortError} when the signal has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/** Whether an error only says that the caller no longer wants the result. */
export function isCancellation(error: unknown): boolean {
  return error instanceof AppError && error.kind === 'cancelled';
}
