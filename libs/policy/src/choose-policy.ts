import { AppError, type Decision } from '@repoformer/domain';
import type { RetrievalPolicy } from './policy.js';
import { createClassifierPolicy } from './classifier-policy.js';
import type { FittedPolicy } from './fitted/fitted-policy.js';
import { createSelfGreedyPolicy, createSelfPolicy } from './self-policy.js';
import { createSimilarityPolicy } from './similarity-policy.js';

/** Policies that a configuration or a request may name. */
export const POLICY_NAMES = [
  'auto',
  'classifier',
  'self',
  'self-greedy',
  'similarity',
  'always',
  'never',
] as const;
export type PolicyName = (typeof POLICY_NAMES)[number];

/** Selective_T's threshold for a model that brings none of its own (method: sweep peak of the paper). */
export const DEFAULT_SELF_THRESHOLD = 0.3;
/**
 * The score above which context is used: about the upper third of the best hits at 6,840 places in 76 packages (their
 * quartiles are 0.21, 0.29 and 0.41). Chosen for its cost, not fitted for quality.
 */
export const DEFAULT_SIMILARITY_THRESHOLD = 0.36;

export interface PolicyChoice {
  /** `auto`: the model's recommendation, else `self` where the model has the token, else `similarity`. */
  readonly name: string;
  /** Replaces the policy's own threshold. */
  readonly threshold?: number;
  /** What the catalogue recommends for the loaded model. */
  readonly recommended?: { readonly policy: string; readonly threshold?: number };
  /** What `classifier` means. */
  readonly fitted?: FittedPolicy;
  /** Whether the policy model has a retrieval token. */
  readonly selfSelecting: boolean;
}

/**
 * The policy for requests in AUTO mode; `always` and `never` come back as the forced decision they are.
 *
 * @throws AppError invalid_argument/POLICY_UNKNOWN; failed_precondition/POLICY_UNSUPPORTED_BY_MODEL
 */
export function choosePolicy(choice: PolicyChoice): RetrievalPolicy | Decision {
  const isAuto = choice.name === 'auto' || choice.name === '';
  const fallback = choice.selfSelecting ? 'self' : 'similarity';
  const name = isAuto ? (choice.recommended?.policy ?? fallback) : choice.name;
  const threshold =
    choice.threshold ?? (choice.recommended?.policy === name ? choice.recommended.threshold : undefined);
  switch (name) {
    case 'always':
    case 'never':
      return forcedDecision(name, `the policy is "${name}"`);
    case 'classifier':
      if (!choice.fitted) {
        throw new AppError({
          kind: 'failed_precondition',
          reason: 'POLICY_UNSUPPORTED_BY_MODEL',
          message:
            'policy "classifier" needs a fitted policy, and there is none for this model; set policy-file, or fit one with `repoformer tune`',
        });
      }
      return createClassifierPolicy(choice.fitted, threshold);
    case 'similarity':
      return createSimilarityPolicy(threshold ?? DEFAULT_SIMILARITY_THRESHOLD);
    case 'self':
    case 'self-greedy':
      if (!choice.selfSelecting) {
        throw new AppError({
          kind: 'failed_precondition',
          reason: 'POLICY_UNSUPPORTED_BY_MODEL',
          message: `policy "${name}" needs a model with a retrieval token (<cc> or <cfc_info>); use "similarity", or set a policy model that has it`,
        });
      }
      if (name === 'self' || threshold !== undefined)
        return createSelfPolicy(threshold ?? DEFAULT_SELF_THRESHOLD);
      return createSelfGreedyPolicy();
    default:
      throw new AppError({
        kind: 'invalid_argument',
        reason: 'POLICY_UNKNOWN',
        message: `unknown policy "${name}"; known: ${POLICY_NAMES.join(', ')}`,
      });
  }
}

/** The decision of a mode or policy that does not look. */
export function forcedDecision(name: 'always' | 'never', reason: string): Decision {
  return { outcome: name === 'always' ? 'retrieve' : 'abstain', policy: name, reason };
}

/** Whether {@link choosePolicy} gave a policy to ask rather than a forced decision. */
export function isPolicy(chosen: RetrievalPolicy | Decision): chosen is RetrievalPolicy {
  return 'decide' in chosen;
}
