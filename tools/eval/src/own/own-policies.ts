import type { ResolvedConfig } from '@repoformer/config';
import {
  DEFAULT_SELF_THRESHOLD,
  DEFAULT_SIMILARITY_THRESHOLD,
  EAGERNESS,
  type CostModel,
} from '@repoformer/policy';
import {
  constantPolicy,
  fittedPolicies,
  selfGreedyPolicy,
  selfPolicy,
  similarityPolicy,
  type JudgedPolicy,
} from '../collect/judged-policy.js';
import type { Measured } from './measure-repository.js';

/** What a repository of one's own is judged by. */
export interface OwnPolicies {
  readonly policies: readonly JudgedPolicy[];
  /** What differs from the daemon as it is set, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * What decides in the daemon as it is set, first, and what that is to be compared with: the model's fitted policy,
 * similarity and a single chunk.
 *
 * @param msPerContextToken as measured; undefined: not known
 */
export async function ownPolicies(
  { config }: Pick<ResolvedConfig, 'config'>,
  measured: Pick<Measured, 'recommended' | 'sharesPrefix' | 'selfSelecting'>,
  readoutTokens: readonly number[],
  msPerContextToken: number | undefined,
): Promise<OwnPolicies> {
  const { recommended, sharesPrefix, selfSelecting } = measured;
  const fallback = selfSelecting ? 'self' : 'similarity';
  const decider = config.policy === 'auto' ? (recommended?.policy ?? fallback) : config.policy;
  const thresholdOf = (policy: string) =>
    (decider === policy ? config.threshold : undefined) ??
    (recommended?.policy === policy ? recommended.threshold : undefined);
  const similarity = similarityPolicy(thresholdOf('similarity') ?? DEFAULT_SIMILARITY_THRESHOLD);
  const fitted = await fittedOf(recommended?.file, thresholdOf('classifier'), {
    readoutTokens,
    sharesPrefix,
    cost: { msPerContextToken, lambda: EAGERNESS[config.eagerness] },
  });
  const self = selfPolicy(thresholdOf('self') ?? DEFAULT_SELF_THRESHOLD);
  const isSelf = selfSelecting && config.policyModel === undefined;
  const first: Readonly<Record<string, readonly JudgedPolicy[]>> = {
    classifier: fitted,
    similarity: [similarity],
    self: isSelf ? [self] : [],
    'self-greedy': isSelf ? [selfGreedyPolicy] : [],
  };
  const policies = new Set([...(first[decider] ?? []), ...fitted, similarity, constantPolicy(1)]);
  const notes =
    config.policyModel === undefined
      ? []
      : ['policy-model is set: the daemon asks that model too. Here no policy had its word.'];
  return { policies: [...policies], notes };
}

interface FittedContext {
  readonly readoutTokens: readonly number[];
  readonly sharesPrefix: boolean;
  readonly cost: Pick<CostModel, 'msPerContextToken' | 'lambda'>;
}

async function fittedOf(
  file: string | undefined,
  threshold: number | undefined,
  { readoutTokens, sharesPrefix, cost }: FittedContext,
): Promise<readonly JudgedPolicy[]> {
  if (file === undefined) return [];
  const options = {
    name: 'classifier',
    file,
    isDefault: true,
    sharesPrefix,
    ...(threshold !== undefined && { threshold }),
  };
  return fittedPolicies(options, readoutTokens, cost);
}
