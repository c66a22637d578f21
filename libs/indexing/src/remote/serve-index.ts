import type { MessagePort } from 'node:worker_threads';
import type { RepositoryIndex } from '@repoformer/domain';
import { callPlain, fromWire, toWire, type IndexReply, type IndexRequest } from './index-protocol.js';

export interface ServeIndexOptions {
  /** Told of errors that are not AppErrors: the other side only learns that something failed. */
  readonly onUnexpectedError?: (error: unknown) => void;
}

/** Answers the calls that `connectIndex` makes at the other end of a port. When the port closes, all are cancelled. */
export function serveIndex(port: MessagePort, index: RepositoryIndex, options: ServeIndexOptions = {}): void {
  const running = new Map<number, AbortController>();

  const reply = (message: IndexReply) => port.postMessage(message);

  const answer = async (request: Exclude<IndexRequest, { cancel: number }>) => {
    const { call } = request;
    const controller = new AbortController();
    running.set(call, controller);
    try {
      switch (request.method) {
        case 'retrieve':
          reply({ call, value: await index.retrieve(request.query, controller.signal) });
          break;
        case 'watch':
          for await (const status of index.watch(request.repository, controller.signal)) {
            reply({ call, status });
          }
          reply({ call, value: undefined });
          break;
        default:
          reply({ call, value: await callPlain(index, request.method, request.arguments) });
      }
    } catch (error) {
      const wire = toWire(error);
      if (wire.kind === 'internal') options.onUnexpectedError?.(error);
      reply({ call, error: wire });
    } finally {
      running.delete(call);
    }
  };

  port.on('message', (request: IndexRequest) => {
    if ('cancel' in request) {
      running.get(request.cancel)?.abort(request.reason && fromWire(request.reason));
    } else {
      void answer(request);
    }
  });
  port.on('close', () => {
    for (const controller of running.values()) controller.abort();
  });
  port.start();
}
