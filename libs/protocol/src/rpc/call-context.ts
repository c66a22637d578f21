import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { AppError } from '@repoformer/domain';

/** Facts for the log: numbers and short codes, never source text. */
export type CallFacts = Record<string, string | number | boolean>;

/** What a handler knows of the call besides its request. */
export interface CallContext {
  /** Full name, such as "/repoformer.v1.CompletionService/Complete". */
  readonly method: string;
  /** Random; joins the log lines of one call. */
  readonly requestId: string;
  /**
   * Aborted when the client cancels or vanishes, when the deadline passes, and when the server stops. The
   * reason is always an `AppError`.
   */
  readonly signal: AbortSignal;
  /** Milliseconds left until the client's deadline; undefined: the client set none. */
  remainingMs(): number | undefined;
  /** Adds facts to the line that the call leaves in the log. */
  note(facts: CallFacts): void;
}

export interface CallState {
  readonly context: CallContext;
  readonly facts: CallFacts;
  dispose(): void;
}

type ServerCall = ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>;

/** The context of a call that begins; `dispose` when it has ended. */
export function createCallState(call: ServerCall, stop: AbortSignal | undefined): CallState {
  const controller = new AbortController();
  // The stages of a long call listen to it side by side.
  setMaxListeners(0, controller.signal);
  const facts: CallFacts = {};
  const given = call.getDeadline();
  const deadlineMs = given instanceof Date ? given.getTime() : given;

  call.once('cancelled', () => {
    // grpc-js reports a passed deadline as a cancellation, too.
    const late = Date.now() >= deadlineMs;
    controller.abort(
      late
        ? new AppError({
            kind: 'deadline_exceeded',
            reason: 'DEADLINE_EXCEEDED',
            message: 'The deadline passed.',
          })
        : new AppError({ kind: 'cancelled', reason: 'CANCELLED', message: 'The client cancelled.' }),
    );
  });
  const onStop = (): void => controller.abort(stop?.reason);
  if (stop?.aborted) onStop();
  else stop?.addEventListener('abort', onStop, { once: true });

  return {
    facts,
    context: {
      method: call.getPath(),
      requestId: randomBytes(6).toString('hex'),
      signal: controller.signal,
      remainingMs: () => (Number.isFinite(deadlineMs) ? Math.max(0, deadlineMs - Date.now()) : undefined),
      note: (more) => void Object.assign(facts, more),
    },
    dispose: () => stop?.removeEventListener('abort', onStop),
  };
}
