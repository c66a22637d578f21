import { join } from 'node:path';
import type { CompletionEvent, CompletionRequest, LanguageModel } from '@repoformer/domain';
import { createClient } from '@repoformer/protocol';
import type { ClientOf, ClientOptions } from '@repoformer/protocol';
import type { DescService } from '@bufbuild/protobuf';
import { startDaemon } from '../daemon.js';
import type { Daemon, DaemonSettings, DaemonWiring, ModelByRole } from '../daemon.js';
import { FakeIndex, fakeModel, recordingLogger, sampleEvents, temporaryDirectory } from './fakes.js';

export interface TestDaemonOptions {
  readonly settings?: Partial<DaemonSettings>;
  readonly index?: FakeIndex;
  readonly startIndex?: DaemonWiring['startIndex'];
  readonly loadModel?: (signal: AbortSignal) => Promise<LanguageModel>;
  readonly complete?: (
    request: CompletionRequest,
    signal: AbortSignal,
    model: ModelByRole,
  ) => AsyncIterable<CompletionEvent>;
}

export interface TestDaemon {
  readonly daemon: Daemon;
  readonly directory: string;
  readonly socket: string;
  readonly index: FakeIndex;
  readonly logLines: Record<string, unknown>[];
  /** Plays a git hook, and a HEAD that moves. */
  readonly hook: (repository: string, cause: string) => void;
  readonly moveHead: (root: string) => void;
  readonly watchedRoots: () => string[];
  client<S extends DescService>(service: S, options?: ClientOptions): ClientOf<S>;
  close(): Promise<void>;
}

/** A daemon in this process, on real sockets, whose index and models are fakes. */
export async function startTestDaemon(options: TestDaemonOptions = {}): Promise<TestDaemon> {
  const { path: directory, remove } = await temporaryDirectory();
  const index = options.index ?? new FakeIndex();
  const { logger, lines } = recordingLogger();
  const clients: { close(): void }[] = [];
  const heads = new Map<string, () => void>();
  let hook: (repository: string, cause: string) => void = () => {};
  const socket = join(directory, 'd.sock');

  const complete =
    options.complete ??
    async function* (_request: CompletionRequest, signal: AbortSignal, model: ModelByRole) {
      await model('generator', signal);
      yield* sampleEvents(['let ', 'x']);
    };
  const wiring: DaemonWiring = {
    startIndex:
      options.startIndex ??
      (async () => {
        let end!: (value: { cause: unknown }) => void;
        const ended = new Promise<{ cause: unknown }>((resolve) => (end = resolve));
        return { index, ended, stop: async () => end({ cause: 'stopped' }) };
      }),
    models: [
      {
        name: 'fake-model',
        roles: ['generator'],
        load: async (signal) => ({
          name: 'fake-model',
          adapters: ['fitted'],
          model: await (options.loadModel ?? (async () => fakeModel()))(signal),
        }),
      },
    ],
    createCompletions: (_index, model) => ({
      complete: (request, signal) => complete(request, signal, model),
      async warm(_request, signal) {
        await model('generator', signal);
        return { prompt: 4, reused: 3, context: 0, generated: 0 };
      },
      score: async ({ policy }) => ({
        decision: {
          outcome: 'abstain',
          probability: 0.25,
          threshold: 0.5,
          policy: policy || 'self',
          reason: 'r',
        },
        decideMs: 1.5,
      }),
    }),
    commitSources: {
      openSpool(onCommit) {
        hook = onCommit;
        return { close: () => {} };
      },
      watchHead(root, onMove) {
        heads.set(root, onMove);
        return { close: () => void heads.delete(root) };
      },
    },
  };
  const settings = {
    dataDirectory: directory,
    socket,
    allowRemote: false,
    tokenFile: join(directory, 'token'),
    defaults: { maxTokens: 64, retrieval: { retriever: 'bm25' as const, topK: 10 } },
    ...options.settings,
  };
  let daemon: Daemon;
  try {
    daemon = await startDaemon(settings, wiring, logger);
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    daemon,
    directory,
    socket,
    index,
    logLines: lines,
    hook: (repository, cause) => hook(repository, cause),
    moveHead: (root) => heads.get(root)?.(),
    watchedRoots: () => [...heads.keys()],
    client(service, clientOptions) {
      const client = createClient(service, `unix:${socket}`, clientOptions);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.close();
      await daemon.stop(0);
      await remove();
    },
  };
}
