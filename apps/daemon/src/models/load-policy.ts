import { readFile } from 'node:fs/promises';
import { AppError, type RecommendedPolicy } from '@repoformer/domain';
import { parsePolicy, type FittedPolicy } from '@repoformer/policy';
import type { Logger } from '../log/logger.js';

/** What decides for a model: the recommendation that holds, and the fitted policy it may name. */
export interface LoadedPolicy {
  readonly recommended?: RecommendedPolicy;
  readonly fitted?: FittedPolicy;
}

/**
 * Reads the fitted policy that the configuration or the model's recommendation names. A recommended file that is not
 * usable is logged and done without; one that the user named must be usable.
 *
 * @param policyFile the user's own choice
 * @throws AppError failed_precondition/CONFIG_INVALID for the user's own file
 */
export async function loadPolicy(
  policyFile: string | undefined,
  recommended: RecommendedPolicy | undefined,
  logger: Logger,
): Promise<LoadedPolicy> {
  if (policyFile !== undefined) {
    return { recommended: { policy: 'classifier' }, fitted: await readPolicy(policyFile) };
  }
  if (recommended?.file === undefined) return recommended ? { recommended } : {};
  try {
    return { recommended, fitted: await readPolicy(recommended.file) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    logger.warn({ file: recommended.file, problem: error.message }, 'the policy of this model is not usable');
    return {};
  }
}

async function readPolicy(path: string): Promise<FittedPolicy> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `the policy file ${path} cannot be read; set policy-file to one that can, or leave it out`,
      cause,
    });
  });
  return parsePolicy(text, path);
}
