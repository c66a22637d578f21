import {
  CompletionService,
  createClient,
  ModelService,
  PolicyService,
  RepositoryService,
  RetrievalService,
} from '@repoformer/protocol';
import type { ClientOf } from '@repoformer/protocol';

/** A client for each service of a daemon; they share one connection. */
export interface DaemonClients {
  readonly completion: ClientOf<typeof CompletionService>;
  readonly repository: ClientOf<typeof RepositoryService>;
  readonly retrieval: ClientOf<typeof RetrievalService>;
  readonly policy: ClientOf<typeof PolicyService>;
  readonly model: ClientOf<typeof ModelService>;
  close(): void;
}

/** Longest wait for an answer that needs no model. */
export const CALL_TIMEOUT_MS = 30_000;
/** Longest wait where a model may have to be loaded first. */
export const MODEL_TIMEOUT_MS = 10 * 60_000;

/** @param address As gRPC names it: "unix:/path/to.sock". */
export function createDaemonClients(address: string): DaemonClients {
  const options = { timeoutMs: CALL_TIMEOUT_MS };
  const clients = {
    completion: createClient(CompletionService, address, options),
    repository: createClient(RepositoryService, address, options),
    retrieval: createClient(RetrievalService, address, options),
    policy: createClient(PolicyService, address, { timeoutMs: MODEL_TIMEOUT_MS }),
    model: createClient(ModelService, address, options),
  };
  return {
    ...clients,
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}
