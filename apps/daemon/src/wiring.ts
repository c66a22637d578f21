import { join } from 'node:path';
import { CompletionService, type CompletionOptions } from '@repoformer/completion';
import type { Config, ResolvedConfig } from '@repoformer/config';
import { systemClock } from '@repoformer/domain';
import { admitPath, findSecret } from '@repoformer/indexing';
import { createGitSources } from './commits/git-sources.js';
import type { DaemonWiring } from './daemon.js';
import { startIndexWorker } from './index-host/worker-backend.js';
import type { Logger } from './log/logger.js';
import { configureModels } from './models/configure-models.js';

const INDEX_DIRECTORY = 'index';
/** The hooks that the CLI installs drop their notices here. */
export const SPOOL_DIRECTORY = 'spool';

/** Tokens that a prompt's parts may have, as configured. */
export function budgetsOf({
  prefixTokens,
  suffixTokens,
  retrievedTokens,
}: Config): CompletionOptions['budgets'] {
  return { prefixTokens, suffixTokens, contextTokens: retrievedTokens };
}

/** The real parts of a daemon, by its configuration. */
export function createWiring(resolved: ResolvedConfig, dataDirectory: string, logger: Logger): DaemonWiring {
  const { config } = resolved;
  const { models, facts } = configureModels(resolved, logger);
  return {
    models,
    startIndex: () =>
      startIndexWorker({
        directory: join(dataDirectory, INDEX_DIRECTORY),
        windowLines: config.windowLines,
        strideLines: config.strideLines,
        maxFileBytes: config.maxFileBytes,
        workingTree: config.workingTree,
        onNotice: ({ level, message, ...facts }) => logger[level](facts, message),
      }),
    createCompletions: (index, model) =>
      new CompletionService({
        retriever: index,
        models: {
          generator: (signal) => model('generator', signal),
          ...(config.policyModel !== undefined && { policyModel: (signal) => model('policy', signal) }),
        },
        clock: systemClock,
        isSecret: (path, text) => admitPath(path) === 'secret' || findSecret(text) !== undefined,
        options: {
          retriever: config.retriever,
          topK: config.topK,
          retrievalTimeoutMs: config.retrievalTimeoutMs,
          policy: config.policy,
          ...(config.threshold !== undefined && { threshold: config.threshold }),
          // Known once the models are found in the catalogue, which no decision and no prompt comes before.
          get recommended() {
            return facts.policy?.recommended;
          },
          get fitted() {
            return facts.policy?.fitted;
          },
          eagerness: config.eagerness,
          get family() {
            return facts.family;
          },
          ...(config.placement !== 'auto' && { placement: config.placement }),
          budgets: budgetsOf(config),
        },
      }),
    commitSources: createGitSources(join(dataDirectory, SPOOL_DIRECTORY)),
  };
}
