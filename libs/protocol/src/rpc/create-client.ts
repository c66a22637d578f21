import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { CallOptions as GrpcCallOptions, ChannelOptions, ServiceError } from '@grpc/grpc-js';
import { create } from '@bufbuild/protobuf';
import type {
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  Message,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import type { AppError } from '@repoformer/domain';
import { abortError } from '@repoformer/domain';
import { fromStatusError } from '../errors/from-status-error.js';
import { CLIENT_OPTIONS } from './channel-options.js';
import { toMethodDefinition } from './method-definition.js';

export interface CallOptions {
  /** Aborting it cancels the call on the server as well. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED; undefined: the client's default. */
  readonly timeoutMs?: number;
}

/** One method of a client: unary ones give a promise, streaming ones an async generator. */
export type ClientMethodOf<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncGenerator<MessageShape<O>, void, void>
      : never;

export type ClientOf<S extends DescService> = {
  readonly [K in keyof S['method']]: ClientMethodOf<S['method'][K]>;
} & {
  /** Ends the connection once no call uses it. */
  close(): void;
};

export interface ClientOptions {
  /** Sent as `authorization: Bearer <token>` with each call. */
  readonly token?: string;
  /** Deadline of unary calls that set none, in milliseconds; default: none. Streams have none of their own. */
  readonly timeoutMs?: number;
  readonly channelOptions?: ChannelOptions;
}

/**
 * A typed client of one service. Every failure is an `AppError`: what the daemon sent, or
 * unavailable/DAEMON_UNREACHABLE when nothing answers. Leaving a streaming loop early cancels the call. Clients
 * of one address share one connection.
 *
 * @param address As gRPC names it: "unix:/path/to.sock" or "127.0.0.1:4317".
 */
export function createClient<S extends DescService>(
  service: S,
  address: string,
  options: ClientOptions = {},
): ClientOf<S> {
  const channel = new Client(address, credentials.createInsecure(), {
    ...CLIENT_OPTIONS,
    ...options.channelOptions,
  });
  const methods = service.methods.map((method) => {
    switch (method.methodKind) {
      case 'unary':
        return [method.localName, unaryMethod(channel, method, options)] as const;
      case 'server_streaming':
        return [method.localName, streamingMethod(channel, method, options)] as const;
      default:
        throw new Error(`${method.toString()}: ${method.methodKind} methods are not supported`);
    }
  });
  return { ...Object.fromEntries(methods), close: () => channel.close() } as ClientOf<S>;
}

function metadataOf(options: ClientOptions): Metadata {
  const metadata = new Metadata();
  if (options.token !== undefined) metadata.set('authorization', `Bearer ${options.token}`);
  return metadata;
}

function grpcOptions(timeoutMs: number | undefined): GrpcCallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

/** Cancels a call when the signal is aborted; returns what undoes it. */
function cancelWith(call: { cancel(): void }, signal: AbortSignal | undefined): () => void {
  const cancel = (): void => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  return () => signal?.removeEventListener('abort', cancel);
}

function failureOf(error: unknown, signal: AbortSignal | undefined): AppError {
  const failure = fromStatusError(error);
  return failure.kind === 'cancelled' && signal?.aborted ? abortError(signal) : failure;
}

function unaryMethod(channel: Client, method: DescMethod, options: ClientOptions) {
  const definition = toMethodDefinition(method);
  return (request: MessageInitShape<DescMethodUnary['input']>, callOptions: CallOptions = {}) =>
    new Promise<Message>((resolve, reject) => {
      const { signal } = callOptions;
      if (signal?.aborted) {
        reject(abortError(signal));
        return;
      }
      const call = channel.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        definition.responseDeserialize,
        create(method.input, request),
        metadataOf(options),
        grpcOptions(callOptions.timeoutMs ?? options.timeoutMs),
        (error: ServiceError | null, reply?: Message) => {
          undo();
          if (error !== null) reject(failureOf(error, signal));
          else resolve(reply as Message);
        },
      );
      const undo = cancelWith(call, signal);
    });
}

function streamingMethod(channel: Client, method: DescMethod, options: ClientOptions) {
  const definition = toMethodDefinition(method);
  return async function* (
    request: MessageInitShape<DescMethodServerStreaming['input']>,
    callOptions: CallOptions = {},
  ): AsyncGenerator<Message, void, void> {
    const { signal } = callOptions;
    if (signal?.aborted) throw abortError(signal);
    const call = channel.makeServerStreamRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      create(method.input, request),
      metadataOf(options),
      grpcOptions(callOptions.timeoutMs),
    );
    // A call cancelled after its reader has left still emits an error, which nobody else would listen to.
    call.on('error', () => {});
    const undo = cancelWith(call, signal);
    let complete = false;
    try {
      for await (const message of call) yield message as Message;
      complete = true;
    } catch (error) {
      complete = true;
      throw failureOf(error, signal);
    } finally {
      undo();
      // grpc-js keeps the call running when its stream is merely destroyed.
      if (!complete) call.cancel();
    }
  };
}
