import { status } from '@grpc/grpc-js';
import type { ErrorKind } from '@repoformer/domain';

/** The one map from error kinds to gRPC statuses; a kind without a row does not compile. */
export const STATUS_OF_KIND = {
  invalid_argument: status.INVALID_ARGUMENT,
  not_found: status.NOT_FOUND,
  already_exists: status.ALREADY_EXISTS,
  permission_denied: status.PERMISSION_DENIED,
  unauthenticated: status.UNAUTHENTICATED,
  failed_precondition: status.FAILED_PRECONDITION,
  resource_exhausted: status.RESOURCE_EXHAUSTED,
  out_of_range: status.OUT_OF_RANGE,
  unimplemented: status.UNIMPLEMENTED,
  unavailable: status.UNAVAILABLE,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  cancelled: status.CANCELLED,
  aborted: status.ABORTED,
  data_loss: status.DATA_LOSS,
  internal: status.INTERNAL,
} as const satisfies Record<ErrorKind, status>;

const kindOfStatus = new Map<number, ErrorKind>(
  Object.entries(STATUS_OF_KIND).map(([kind, code]) => [code, kind as ErrorKind]),
);

/** The kind a status stands for; `internal` for OK, UNKNOWN and numbers that gRPC does not define. */
export function kindOfStatusCode(code: number): ErrorKind {
  return kindOfStatus.get(code) ?? 'internal';
}
