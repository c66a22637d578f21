import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelSpec } from '@repoformer/domain';
import type { ModelEntry } from './catalog-entry.js';
import type { ModelCatalog } from './model-catalog.js';

const POLICIES = 'policies';

/** Where `repoformer tune` keeps the policy that it fitted for a model. */
export function tunedPolicyPath(modelsDirectory: string, modelName: string): string {
  return join(modelsDirectory, POLICIES, `${modelName}.json`);
}

/** The policy to use for a model: the user's tuned one where there is one, else what the catalogue names. */
export async function recommendedPolicy(
  name: string,
  entry: ModelEntry | undefined,
  { modelsDirectory, bundledDirectory }: ModelCatalog,
): Promise<ModelSpec['recommended']> {
  const tuned = tunedPolicyPath(modelsDirectory, name);
  const isTuned = await stat(tuned).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isTuned) return { policy: 'classifier', file: tuned };
  if (!entry?.policy) return undefined;
  const { name: policy, threshold, file } = entry.policy;
  return {
    policy,
    ...(threshold !== undefined && { threshold }),
    ...(file !== undefined && { file: join(bundledDirectory, POLICIES, file) }),
  };
}
