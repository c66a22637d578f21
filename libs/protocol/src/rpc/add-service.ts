import { setMaxListeners } from 'node:events';
import { status } from '@grpc/grpc-js';
import type {
  sendUnaryData,
  Server,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { create } from '@bufbuild/protobuf';
import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  Message,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { AppError } from '@repoformer/domain';
import { toStatusError } from '../errors/error-status.js';
import { createCallState } from './call-context.js';
import type { CallContext, CallFacts, CallState } from './call-context.js';
import { MalformedMessage, toServiceDefinition } from './method-definition.js';

/** The handler of one method: a promise for a unary one, an async iterable for a streaming one. */
export type HandlerOf<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, context: CallContext) => Promise<MessageInitShape<O>> | MessageInitShape<O>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, context: CallContext) => AsyncIterable<MessageInitShape<O>>
      : never;

/** One handler for each method of a service, by the method's local name. */
export type ServiceImplementation<S extends DescService> = {
  [K in keyof S['method']]: HandlerOf<S['method'][K]>;
};

/** How one call went; made for the log, so it holds no message content. */
export interface CallReport {
  readonly method: string;
  readonly requestId: string;
  /** Name of the gRPC status, such as "OK" or "NOT_FOUND". */
  readonly status: string;
  /** Reason of the `AppError`, where one ended the call. */
  readonly reason?: string;
  readonly durationMs: number;
  /** Messages sent to the client. */
  readonly messages: number;
  readonly facts: CallFacts;
  /** Id that the client was told, when the error was a defect. */
  readonly defectId?: string;
  /** What ended the call, for the log only. */
  readonly error?: unknown;
}

export interface AddServiceOptions {
  /** Called before each handler; throwing refuses the call. */
  readonly admit?: (context: CallContext) => void;
  /** Aborting it (with an `AppError` as the reason) ends every running call with that error. */
  readonly stop?: AbortSignal;
  /** Called once for each call that began. */
  readonly onBegin?: (context: CallContext) => void;
  /** Called once for each call that ended, after its status was handed to the transport. */
  readonly onEnd?: (report: CallReport) => void;
}

type AnyHandler = (request: Message, context: CallContext) => unknown;
type Unary = ServerUnaryCall<Message | MalformedMessage, Message>;
type Streaming = ServerWritableStream<Message | MalformedMessage, Message>;

/**
 * Adds a service to a grpc-js server. Cancellation by the client and its deadline reach the handler as an
 * `AbortSignal`; a streaming handler is asked for its next message only once the transport takes more; errors
 * become statuses with an ErrorInfo detail. Client and bidirectional streaming are not supported.
 */
export function addService<S extends DescService>(
  server: Server,
  service: S,
  implementation: ServiceImplementation<S>,
  options: AddServiceOptions = {},
): void {
  // One listener for each running call is no leak, which Node would warn of beyond ten.
  if (options.stop !== undefined) setMaxListeners(0, options.stop);
  const handlers: UntypedServiceImplementation = {};
  for (const method of service.methods) {
    const handler = implementation[method.localName as keyof S['method']] as AnyHandler;
    switch (method.methodKind) {
      case 'unary':
        handlers[method.localName] = (call: Unary, callback: sendUnaryData<Message>) =>
          void runUnary(call, callback, method.output, handler, options);
        break;
      case 'server_streaming':
        handlers[method.localName] = (call: Streaming) =>
          void runStreaming(call, method.output, handler, options);
        break;
      default:
        throw new Error(`${method.toString()}: ${method.methodKind} methods are not supported`);
    }
  }
  server.addService(toServiceDefinition(service), handlers);
}

async function runUnary(
  call: Unary,
  callback: sendUnaryData<Message>,
  output: DescMessage,
  handler: AnyHandler,
  options: AddServiceOptions,
): Promise<void> {
  const run = begin(call, options);
  try {
    const request = accept(call.request, run.state, options);
    const reply = await unlessStopped(
      Promise.resolve(handler(request, run.state.context)),
      run.state.context.signal,
    );
    callback(null, create(output, reply as MessageInitShape<typeof output>));
    run.end(1);
  } catch (error) {
    run.end(0, error, (translated) => callback(translated));
  }
}

async function runStreaming(
  call: Streaming,
  output: DescMessage,
  handler: AnyHandler,
  options: AddServiceOptions,
): Promise<void> {
  const run = begin(call, options);
  const { signal } = run.state.context;
  let sent = 0;
  try {
    const request = accept(call.request, run.state, options);
    const messages = handler(request, run.state.context) as AsyncIterable<MessageInitShape<typeof output>>;
    for await (const message of messages) {
      if (signal.aborted) break;
      sent += 1;
      if (!call.write(create(output, message))) await drained(call, signal);
    }
    if (signal.aborted) throw signal.reason;
    call.end();
    run.end(sent);
  } catch (error) {
    run.end(sent, error, (translated) => void call.emit('error', translated));
  }
}

interface Run {
  readonly state: CallState;
  end(messages: number, error?: unknown, send?: (error: Error) => void): void;
}

function begin(call: Unary | Streaming, options: AddServiceOptions): Run {
  const state = createCallState(call, options.stop);
  const startedMs = performance.now();
  options.onBegin?.(state.context);
  return {
    state,
    end(messages, error, send) {
      state.dispose();
      const report = {
        method: state.context.method,
        requestId: state.context.requestId,
        messages,
        facts: state.facts,
        durationMs: performance.now() - startedMs,
      };
      if (error === undefined) {
        options.onEnd?.({ ...report, status: 'OK' });
        return;
      }
      // What an aborted handler throws is mostly an echo of the abort; the abort's own reason is the truth.
      const { signal } = state.context;
      const cause = signal.aborted && !isOwnFailure(error) ? signal.reason : error;
      const translated = toStatusError(cause);
      send?.(translated.error);
      options.onEnd?.({
        ...report,
        status: status[translated.error.code],
        ...(cause instanceof AppError && { reason: cause.reason }),
        ...(translated.defectId !== undefined && { defectId: translated.defectId }),
        error: cause,
      });
    },
  };
}

/** Whether an error says more than "it was aborted". */
function isOwnFailure(error: unknown): boolean {
  if (error instanceof AppError) return error.kind !== 'cancelled' && error.kind !== 'deadline_exceeded';
  return !(error instanceof Error && error.name === 'AbortError');
}

function accept(request: Message | MalformedMessage, state: CallState, options: AddServiceOptions): Message {
  options.admit?.(state.context);
  if (request instanceof MalformedMessage) {
    throw new AppError({
      kind: 'invalid_argument',
      reason: 'INVALID_REQUEST',
      message: 'The request is no valid message of this method.',
      cause: request.cause,
    });
  }
  return request;
}

/** Rejects as soon as the signal is aborted, so that a unary call's status never waits for a slow handler. */
async function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

/** Until the transport takes more, or the call is over: a cancelled call never drains. */
function drained(call: Streaming, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    if (signal.aborted) {
      resolve();
      return;
    }
    call.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
