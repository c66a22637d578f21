import type { CompletionRequest } from '@repoformer/domain';
import {
  EAGERNESS,
  estimateTokens,
  extractFeatures,
  type Eagerness,
  type PolicyEvidence,
} from '@repoformer/policy';
import { languageOf } from './formatted-models.js';
import type { RetrievalOutcome } from './retrieval-stage.js';
import { PREFILL_SHARE } from './token-plan.js';

/** What context costs here. */
export interface ContextCost {
  /** Most tokens of context in this request's prompt. */
  readonly contextTokens: number;
  /** As measured on this machine; undefined: not known yet. */
  readonly msPerToken: number | undefined;
  readonly eagerness: Eagerness;
  /** Of the request, so far. */
  readonly elapsedMs: number;
}

/** What a fitted policy looks at before any model is asked; undefined when retrieval gave no answer. */
export function holeEvidence(
  request: CompletionRequest,
  { chunks, scores, words }: RetrievalOutcome,
  cost: ContextCost,
): PolicyEvidence['hole'] {
  if (scores === undefined) return undefined;
  const { path, prefix, suffix, budgetMs } = request;
  const language = languageOf(request);
  return {
    features: extractFeatures({ path, language, prefix, suffix, chunks, ...(words && { words }) }),
    cost: {
      msPerContextToken: cost.msPerToken,
      tokensPerChunk: tokensThatFit(
        chunks.map(({ text }) => estimateTokens(text)),
        cost.contextTokens,
      ),
      lambda: EAGERNESS[cost.eagerness],
      language,
      ...(budgetMs !== undefined && { budgetMs: Math.max(0, budgetMs * PREFILL_SHARE - cost.elapsedMs) }),
    },
  };
}

/** Of chunks in order, those that the budget holds; the last one is cut to it. */
function tokensThatFit(tokens: readonly number[], budget: number): number[] {
  const fitting: number[] = [];
  let left = budget;
  for (const each of tokens) {
    if (left <= 0) break;
    fitting.push(Math.min(each, left));
    left -= each;
  }
  return fitting;
}
