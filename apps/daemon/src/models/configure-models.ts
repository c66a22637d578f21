import { basename } from 'node:path';
import type { ResolvedConfig } from '@repoformer/config';
import type { ModelSpec } from '@repoformer/domain';
import { loadLanguageModel } from '@repoformer/engine';
import { resolveModel } from '@repoformer/models';
import type { Logger } from '../log/logger.js';
import { loadPolicy, type LoadedPolicy } from './load-policy.js';
import type { HostedModel } from './model-host.js';

/** What is known of the configured models once they are found; nothing of it before. */
export interface ModelFacts {
  readonly family?: string | undefined;
  readonly policy?: LoadedPolicy;
}

export interface ConfiguredModels {
  readonly models: readonly HostedModel[];
  readonly facts: ModelFacts;
}

/** The models that the configuration asks for, yet to be found and loaded. */
export function configureModels({ config, origins }: ResolvedConfig, logger: Logger): ConfiguredModels {
  const facts: { family?: string | undefined; policy?: LoadedPolicy } = {};
  const common = {
    modelsDirectory: config.modelsDir,
    prefillThreads: config.prefillThreads,
    decodeThreads: config.decodeThreads,
    gpu: config.gpu,
    // Where nobody set it, the catalogue knows better what suits a model.
    ...(origins['context-tokens'].kind !== 'default' && { contextTokens: config.contextTokens }),
  };
  const load = async (spec: ModelSpec, signal: AbortSignal) => {
    const model = await loadLanguageModel(spec, {
      signal,
      queueLimit: config.queueLimit,
      log: (level, message) => logger[level]({ model: spec.name }, message),
    });
    // Nobody waits for it: requests may come meanwhile, and see for themselves what it fails by.
    model.rehearse(signal).catch((error: unknown) => {
      logger.debug({ model: spec.name, err: error }, 'the rehearsal did not come to its end');
    });
    return {
      name: spec.name,
      model,
      family: spec.family,
      adapters: spec.adapters.map(({ path }) => basename(path)),
    };
  };

  const findPolicy = async ({ recommended }: ModelSpec) => {
    facts.policy = await loadPolicy(config.policyFile, recommended, logger);
  };

  const generator: HostedModel = {
    name: config.model,
    roles: config.policyModel === undefined ? ['generator', 'policy'] : ['generator'],
    async load(signal) {
      const spec = await resolveModel(config.model, {
        ...common,
        signal,
        ...(config.family !== undefined && { family: config.family }),
        ...(config.adapter.length > 0 && { adapters: config.adapter }),
      });
      facts.family = spec.family;
      if (config.policyModel === undefined) await findPolicy(spec);
      return load(spec, signal);
    },
  };
  const { policyModel } = config;
  if (policyModel === undefined) return { models: [generator], facts };
  const policy: HostedModel = {
    name: policyModel,
    roles: ['policy'],
    async load(signal) {
      const spec = await resolveModel(policyModel, { ...common, signal });
      await findPolicy(spec);
      return load(spec, signal);
    },
  };
  return { models: [generator, policy], facts };
}
