import {
  throwIfAborted,
  type Decision,
  type Evaluation,
  type ModelLane,
  type RetrievalMode,
} from '@repoformer/domain';
import {
  assembleDecision,
  assemblePrompt,
  assembleShared,
  type FimFormat,
  type PromptParts,
} from '@repoformer/fim';
import { forcedDecision, isPolicy, type PolicyEvidence, type RetrievalPolicy } from '@repoformer/policy';
import type { FormattedModel } from './formatted-models.js';
import type { RetrievalOutcome } from './retrieval-stage.js';
import type { CompletionRun } from './run.js';

export interface DecisionInput {
  readonly mode: RetrievalMode;
  /** The request's own threshold. */
  readonly threshold: number | undefined;
  /** What AUTO asks. */
  readonly policy: RetrievalPolicy | Decision;
  /** Whether there is anything to retrieve from: a repository or hints. */
  readonly canRetrieve: boolean;
}

/** The decision that needs no look at all, if there is one. */
export function decideAtOnce({ mode, policy, canRetrieve }: DecisionInput): Decision | undefined {
  if (mode === 'never') return forcedDecision('never', 'the request asked for no retrieval');
  if (mode === 'always') return forcedDecision('always', 'the request asked for retrieval');
  if (!canRetrieve) return forcedDecision('never', 'there is no repository to retrieve from');
  return isPolicy(policy) ? undefined : policy;
}

export interface DecisionRace {
  readonly generator: FormattedModel;
  readonly lane: ModelLane;
  readonly parts: PromptParts;
  readonly retrieval: Promise<RetrievalOutcome>;
  /** Reads P(retrieve) from another model than the generator; undefined: the generator is asked. */
  readonly askPolicyModel: (() => Promise<PolicyEvidence['self']>) | undefined;
}

/**
 * Decides while the generator already evaluates what it will need.
 *
 * Where the format puts context behind prefix and suffix, that shared part is needed whatever is decided, and P of
 * the retrieval token is a by-product of it. Otherwise the branch without context is begun while another model
 * decides, and dropped if the decision is to retrieve; a decision that only waits for the index, which answers in
 * milliseconds, is waited for.
 */
export async function decide(
  run: CompletionRun,
  input: DecisionInput,
  race: DecisionRace,
): Promise<Decision> {
  const atOnce = decideAtOnce(input);
  // decideAtOnce answers for everything but a policy that must be asked.
  const policy = atOnce ? undefined : (input.policy as RetrievalPolicy);
  const { format } = race.generator;
  if (policy?.needs === 'self' && !race.askPolicyModel) {
    const self = await readDecisionToken(format, race.parts, (tokens, watch) =>
      run.evaluate(race.lane, tokens, watch),
    );
    return policy.decide(self ? { self } : {}, input.threshold);
  }

  const speculation = new AbortController();
  const evaluation = evaluateAhead(run, race, policy, AbortSignal.any([run.signal, speculation.signal]));
  // Its failure is looked at below; it must not go unhandled while the decision is awaited.
  evaluation.catch(() => undefined);
  const decision = atOnce ?? policy!.decide(await gatherEvidence(policy!, race), input.threshold);
  if (decision.outcome === 'retrieve' && !format.sharesPrefix) speculation.abort();
  await evaluation.catch((error: unknown) => {
    if (!speculation.signal.aborted) throw error;
  });
  throwIfAborted(run.signal);
  return decision;
}

async function gatherEvidence(policy: RetrievalPolicy, race: DecisionRace): Promise<PolicyEvidence> {
  if (policy.needs === 'self') {
    const self = await race.askPolicyModel!();
    return self ? { self } : {};
  }
  const { scores } = await race.retrieval;
  return scores ? { scores } : {};
}

/** Evaluates what is certain, or likely, to be needed. */
async function evaluateAhead(
  run: CompletionRun,
  { generator: { format }, lane, parts }: DecisionRace,
  policy: RetrievalPolicy | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (format.sharesPrefix) await run.evaluate(lane, assembleShared(format, parts), undefined, signal);
  else if (policy?.needs === 'self')
    await run.evaluate(lane, assemblePrompt(format, parts).slice(0, -1), undefined, signal);
}

/**
 * P(retrieve) as a model sees it; undefined when it has no such token.
 *
 * @param evaluate brings the model's state to the end of the tokens
 */
export async function readDecisionToken(
  format: FimFormat,
  parts: PromptParts,
  evaluate: (tokens: Int32Array, watch: readonly number[]) => Promise<Evaluation>,
): Promise<PolicyEvidence['self']> {
  const token = format.decisionToken;
  if (token === undefined) return undefined;
  const { probabilities, argmax } = await evaluate(assembleDecision(format, parts), [token]);
  return { probability: probabilities[0]!, isArgmax: argmax === token };
}
