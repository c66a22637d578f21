import { resolve } from 'node:path';
import type { CompletionOptions } from '@repoformer/completion';
import type { ModelSpec } from '@repoformer/domain';
import { createFittedPolicy } from '@repoformer/policy';
import { readPolicyFile } from '../collect/read-policy.js';
import type { ServeRun } from './serve-run.js';

/** What `auto` asks. */
export interface ServedPolicy extends Pick<CompletionOptions, 'recommended' | 'fitted'> {
  readonly facts: ServeRun['policy'];
}

/**
 * As the daemon chooses it: the file that is named, else what suits the model.
 *
 * @throws AppError when the file is not there, or no policy
 */
export async function servedPolicy(
  named: string | undefined,
  { recommended }: Pick<ModelSpec, 'recommended'>,
): Promise<ServedPolicy> {
  const file = named === undefined ? recommended?.file : resolve(named);
  if (file === undefined) {
    return {
      ...(recommended && { recommended }),
      facts: { label: recommended?.policy ?? 'its default rule' },
    };
  }
  const { document, sha256 } = await readPolicyFile(file);
  return {
    recommended: { policy: 'classifier' },
    fitted: createFittedPolicy(document),
    facts: { label: `a fitted policy (${sha256.slice(0, 12)})`, sha256 },
  };
}
