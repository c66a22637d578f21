import { status } from '@grpc/grpc-js';
import type { Metadata } from '@grpc/grpc-js';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { AppError, ERROR_REASONS } from '@repoformer/domain';
import type { ErrorReason } from '@repoformer/domain';
import type { ErrorInfo } from '../gen/google/rpc/error_details_pb.js';
import { ErrorInfoSchema } from '../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../gen/google/rpc/status_pb.js';
import { ERROR_DOMAIN, STATUS_DETAILS_KEY } from './error-status.js';
import { kindOfStatusCode } from './status-of-kind.js';

const reasons = new Set<string>(ERROR_REASONS);

interface Fallback {
  readonly reason: ErrorReason;
  readonly message?: string;
}

/** For statuses that grpc itself made, which carry no ErrorInfo. */
const FALLBACKS = new Map<number, Fallback>([
  [
    status.UNAVAILABLE,
    {
      reason: 'DAEMON_UNREACHABLE',
      message: 'The daemon does not answer: it is not running, or stopped during this call.',
    },
  ],
  [status.CANCELLED, { reason: 'CANCELLED', message: 'cancelled' }],
  [
    status.DEADLINE_EXCEEDED,
    { reason: 'DEADLINE_EXCEEDED', message: 'The deadline passed before the daemon answered.' },
  ],
  [status.UNAUTHENTICATED, { reason: 'UNAUTHENTICATED' }],
  [status.INVALID_ARGUMENT, { reason: 'INVALID_REQUEST' }],
  [
    status.RESOURCE_EXHAUSTED,
    {
      reason: 'INVALID_REQUEST',
      message: 'The message exceeds the limit of 16 MiB: send fewer open buffers.',
    },
  ],
  [
    status.UNIMPLEMENTED,
    { reason: 'INTERNAL', message: 'The daemon does not know this call; it may be of another version.' },
  ],
]);

function errorInfo(metadata: Metadata | undefined): ErrorInfo | undefined {
  const value = metadata?.get(STATUS_DETAILS_KEY)[0];
  if (!Buffer.isBuffer(value)) return undefined;
  try {
    for (const detail of fromBinary(StatusSchema, value).details) {
      const info = anyUnpack(detail, ErrorInfoSchema);
      if (info?.domain === ERROR_DOMAIN) return info;
    }
  } catch {
    // Details of another maker or version: the bare status still says what happened.
  }
  return undefined;
}

/** The `AppError` behind a failed call, as near as the status and its ErrorInfo tell. */
export function fromStatusError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const failed = error as { code?: unknown; details?: unknown; metadata?: Metadata };
  const code = typeof failed?.code === 'number' ? failed.code : status.UNKNOWN;
  const details = typeof failed?.details === 'string' ? failed.details : '';
  const kind = kindOfStatusCode(code);
  const info = errorInfo(failed?.metadata);
  if (info !== undefined) {
    // A newer daemon may know reasons that this client does not.
    const reason = reasons.has(info.reason) ? (info.reason as ErrorReason) : 'INTERNAL';
    return new AppError({ kind, reason, message: details, meta: { ...info.metadata }, cause: error });
  }
  // What grpc-js makes of a stream that its peer dropped; the daemon's own INTERNAL carries an ErrorInfo.
  const isReset = code === status.INTERNAL && details.startsWith('Received RST_STREAM');
  const fallback = FALLBACKS.get(isReset ? status.UNAVAILABLE : code);
  return new AppError({
    kind: isReset ? 'unavailable' : kind,
    reason: fallback?.reason ?? 'INTERNAL',
    message: fallback?.message ?? (details || 'The call failed without a reason.'),
    meta: details === '' ? {} : { status: status[code] ?? String(code), details },
    cause: error,
  });
}
