import type {
  ErrorKind,
  ErrorReason,
  RepositoryIndex,
  RepositoryStatus,
  RetrievalQuery,
} from '@repoformer/domain';
import { AppError } from '@repoformer/domain';

/** Methods that take plain values and give one answer. */
export type PlainMethod = 'add' | 'remove' | 'list' | 'get' | 'notify' | 'reindex' | 'close';

/** From the client. Each call has a number of its own; answers carry it. */
export type IndexRequest =
  | { readonly call: number; readonly method: PlainMethod; readonly arguments: readonly string[] }
  | { readonly call: number; readonly method: 'retrieve'; readonly query: RetrievalQuery }
  | { readonly call: number; readonly method: 'watch'; readonly repository: string }
  /** The client no longer wants the answer of that call. */
  | { readonly cancel: number; readonly reason: WireError | undefined };

/** To the client. A watch gives any number of `status`, then `value` or `error`. */
export type IndexReply =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly status: RepositoryStatus }
  | { readonly call: number; readonly error: WireError };

/** An AppError as it crosses a port; its cause stays behind. */
export interface WireError {
  readonly kind: ErrorKind;
  readonly reason: ErrorReason;
  readonly message: string;
  readonly meta: Readonly<Record<string, string>>;
}

export function toWire(error: unknown): WireError {
  if (error instanceof AppError) {
    const { kind, reason, message, meta } = error;
    return { kind, reason, message, meta: { ...meta } };
  }
  return { kind: 'internal', reason: 'INTERNAL', message: 'the index failed unexpectedly', meta: {} };
}

export function fromWire(error: WireError): AppError {
  return new AppError({ ...error, meta: { ...error.meta } });
}

/** Calls a plain method with arguments that have crossed a port. */
export function callPlain(
  index: RepositoryIndex,
  method: PlainMethod,
  [first = '', second = '']: readonly string[],
): Promise<unknown> {
  switch (method) {
    case 'add':
      return index.add(first);
    case 'remove':
      return index.remove(first);
    case 'list':
      return index.list();
    case 'get':
      return index.get(first);
    case 'notify':
      return index.notify(first, second);
    case 'reindex':
      return index.reindex(first);
    case 'close':
      return index.close();
  }
}
