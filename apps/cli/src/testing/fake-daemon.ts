import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import {
  addService,
  CompletionService,
  ModelService,
  PolicyService,
  RepositoryService,
  RetrievalService,
  SERVER_OPTIONS,
} from '@repoformer/protocol';
import type { ServiceImplementation } from '@repoformer/protocol';
import { AppError } from '@repoformer/domain';

export interface FakeParts {
  readonly completion?: Partial<ServiceImplementation<typeof CompletionService>>;
  readonly model?: Partial<ServiceImplementation<typeof ModelService>>;
  readonly policy?: Partial<ServiceImplementation<typeof PolicyService>>;
  readonly repository?: Partial<ServiceImplementation<typeof RepositoryService>>;
  readonly retrieval?: Partial<ServiceImplementation<typeof RetrievalService>>;
}

export const repositoryNotFound = (repository: string): AppError =>
  new AppError({
    kind: 'not_found',
    reason: 'REPOSITORY_NOT_FOUND',
    message: `No registered repository is at ${repository}.`,
    meta: { repository },
  });

/** A real gRPC server at a real socket, with the handlers of a test. */
export async function startFakeDaemon(socket: string, parts: FakeParts): Promise<{ close(): void }> {
  const server = new Server(SERVER_OPTIONS);
  const unexpected = (): never => {
    throw new Error('the test did not expect this call');
  };
  addService(server, CompletionService, {
    complete: unexpected,
    warm: () => ({}),
    report: unexpected,
    ...parts.completion,
  });
  addService(server, ModelService, { listModels: () => ({}), ...parts.model });
  addService(server, PolicyService, { score: unexpected, ...parts.policy });
  addService(server, RepositoryService, {
    addRepository: unexpected,
    removeRepository: unexpected,
    listRepositories: () => ({}),
    getRepository: ({ repository }) => {
      throw repositoryNotFound(repository);
    },
    notifyCommit: unexpected,
    reindex: unexpected,
    watchRepository: unexpected,
    ...parts.repository,
  });
  addService(server, RetrievalService, { retrieve: unexpected, ...parts.retrieval });
  addHealth(server);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return { close: () => server.forceShutdown() };
}

/** The standard health service, always serving. */
function addHealth(server: Server): void {
  const same = (bytes: Buffer): Buffer => bytes;
  server.addService(
    {
      check: {
        path: '/grpc.health.v1.Health/Check',
        requestStream: false,
        responseStream: false,
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      },
    },
    {
      check: (_call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
        callback(null, Buffer.from([0x08, 0x01])),
    },
  );
}
