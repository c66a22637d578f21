import type { ModelInfo } from '@repoformer/domain';
import type { TokenBudgets } from '@repoformer/fim';

/** Share of a request's time that may go into evaluating its prompt; the rest is for generating. */
export const PREFILL_SHARE = 0.6;
/** Budgets shrink in these steps, so that a slightly other estimate does not move the cut of the prefix. */
const STEPS = 8;
/** Room for what is typed on the line, markers and path headers. */
const RESERVED_TOKENS = 256;

/**
 * Token budgets for one request: the configured ones, made smaller where the model's context or the time the
 * client is willing to wait does not allow them.
 *
 * @param msPerToken measured cost of evaluating one token; undefined: not known yet
 */
export function planTokens(
  configured: TokenBudgets,
  info: Pick<ModelInfo, 'contextTokens'>,
  request: { maxTokens: number; budgetMs?: number | undefined },
  msPerToken: number | undefined,
): TokenBudgets {
  const wanted = configured.prefixTokens + configured.suffixTokens + configured.contextTokens;
  const room = Math.max(0, info.contextTokens - RESERVED_TOKENS - request.maxTokens);
  const affordable =
    request.budgetMs === undefined || !msPerToken
      ? Infinity
      : (request.budgetMs * PREFILL_SHARE) / msPerToken;
  const share = Math.min(1, room / wanted, affordable / wanted);
  if (share >= 1) return configured;
  const step = Math.max(1, Math.floor(share * STEPS)) / STEPS;
  return {
    prefixTokens: Math.floor(configured.prefixTokens * step),
    suffixTokens: Math.floor(configured.suffixTokens * step),
    contextTokens: Math.floor(configured.contextTokens * step),
  };
}
