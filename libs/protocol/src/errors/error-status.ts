import { randomBytes } from 'node:crypto';
import { Metadata, status } from '@grpc/grpc-js';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { create, toBinary } from '@bufbuild/protobuf';
import { AppError } from '@repoformer/domain';
import { ErrorInfoSchema } from '../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../gen/google/rpc/status_pb.js';
import { STATUS_OF_KIND } from './status-of-kind.js';

/** `ErrorInfo.domain` of every error of this API. */
export const ERROR_DOMAIN = 'repoformer';

/** Trailer that carries the encoded `google.rpc.Status` with its details. */
export const STATUS_DETAILS_KEY = 'grpc-status-details-bin';

/** Trailers share one HTTP/2 header block with a limit of its own, so texts in them are bounded (UTF-16 units). */
const MAX_TEXT = 1024;
const MAX_FACTS = 16;

/** What grpc-js sends as a call's status. */
export interface StatusError extends Error {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

export interface TranslatedError {
  readonly error: StatusError;
  /** Set when the error was none of ours: the id that the client was told and the log must hold. */
  readonly defectId: string | undefined;
}

/** Lone surrogates would make grpc-js throw while it encodes the message. */
function bounded(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
  return short.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
}

function statusError(
  code: status,
  message: string,
  reason: string,
  facts: Readonly<Record<string, string>>,
): StatusError {
  const info = create(ErrorInfoSchema, {
    domain: ERROR_DOMAIN,
    reason,
    metadata: Object.fromEntries(
      Object.entries(facts)
        .slice(0, MAX_FACTS)
        .map(([key, value]) => [bounded(key), bounded(value)]),
    ),
  });
  const details = bounded(message);
  const encoded = toBinary(
    StatusSchema,
    create(StatusSchema, { code, message: details, details: [anyPack(ErrorInfoSchema, info)] }),
  );
  const metadata = new Metadata();
  metadata.set(STATUS_DETAILS_KEY, Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength));
  return Object.assign(new Error(details), { code, details, metadata });
}

/**
 * The status a call ends with for an error. An `AppError` keeps its kind, reason, message and facts. Anything
 * else, whatever `code` or message it carries, becomes INTERNAL with a fixed text and a fresh id.
 */
export function toStatusError(error: unknown): TranslatedError {
  if (error instanceof AppError) {
    return {
      error: statusError(STATUS_OF_KIND[error.kind], error.message, error.reason, error.meta),
      defectId: undefined,
    };
  }
  const id = randomBytes(4).toString('hex');
  return {
    error: statusError(
      status.INTERNAL,
      `Internal error ${id}. The daemon's log holds more under this id.`,
      'INTERNAL',
      { id },
    ),
    defectId: id,
  };
}
