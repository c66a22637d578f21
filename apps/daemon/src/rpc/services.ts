import type { Server } from '@grpc/grpc-js';
import type { Clock, RepositoryIndex } from '@repoformer/domain';
import {
  addService,
  CompletionService,
  ModelService,
  PolicyService,
  RepositoryService,
  RetrievalService,
} from '@repoformer/protocol';
import type { ModelReport } from '@repoformer/protocol';
import type { CompletionLog } from '../feedback/completion-log.js';
import type { CallTracker } from '../lifecycle/call-tracker.js';
import { createCompletionHandlers } from './completion-handlers.js';
import type { Completions } from './completion-handlers.js';
import type { Health } from './health.js';
import { createModelHandlers } from './model-handlers.js';
import { createPolicyHandlers } from './policy-handlers.js';
import type { Scorer } from './policy-handlers.js';
import { addReflection } from './reflection.js';
import { createRepositoryHandlers } from './repository-handlers.js';
import type { RepositoryObserver } from './repository-handlers.js';
import { createRetrievalHandlers, type RetrievalDefaults } from './retrieval-handlers.js';

/** What requests that leave a number at 0 get. */
export interface RequestDefaults {
  readonly maxTokens: number;
  readonly retrieval: RetrievalDefaults;
}

/** What the services are made of. */
export interface ServiceParts {
  readonly index: RepositoryIndex;
  readonly completions: Completions & Scorer;
  readonly models: { report(): ModelReport[] };
  readonly completionLog: CompletionLog;
  readonly repositories: RepositoryObserver;
  readonly health: Health;
  readonly calls: CallTracker;
  readonly clock: Clock;
  readonly defaults: RequestDefaults;
}

/** Adds every service of the API, health and reflection to a server. */
export function addServices(server: Server, parts: ServiceParts): void {
  const options = parts.calls.serviceOptions;
  const { index, completions, clock, defaults } = parts;
  addService(
    server,
    CompletionService,
    createCompletionHandlers(completions, parts.completionLog, defaults.maxTokens),
    options,
  );
  addService(
    server,
    RepositoryService,
    createRepositoryHandlers(index, parts.repositories, parts.calls.draining),
    options,
  );
  addService(server, RetrievalService, createRetrievalHandlers(index, clock, defaults.retrieval), options);
  addService(server, PolicyService, createPolicyHandlers(completions), options);
  addService(server, ModelService, createModelHandlers(parts.models), options);
  parts.health.addTo(server);
  addReflection(server);
}
