import { throwIfAborted, type Decision, type ModelLane, type RetrievalMode } from '@repoformer/domain';
import { assemblePrompt, assembleShared, type PromptParts } from '@repoformer/fim';
import { forcedDecision, isPolicy, type PolicyEvidence, type RetrievalPolicy } from '@repoformer/policy';
import { readDecisionToken, readProbe, type AskedModel } from './ask-model.js';
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

/** What a policy may look at. */
export interface EvidenceSources {
  readonly retrieval: Promise<RetrievalOutcome>;
  /** What a fitted policy sees of what was retrieved. */
  readonly describe: (retrieval: RetrievalOutcome) => PolicyEvidence['hole'];
  /** Asks the model that is the policy's; undefined: asking it would cost more than it can save. */
  readonly askModel: (<T>(ask: (model: AskedModel) => Promise<T>) => Promise<T>) | undefined;
}

export interface DecisionRace extends Omit<EvidenceSources, 'askModel'> {
  readonly generator: FormattedModel;
  readonly lane: ModelLane;
  readonly parts: PromptParts;
  /** Asks another model than the generator; undefined: the generator is the policy's model. */
  readonly askPolicyModel: EvidenceSources['askModel'];
  /** Told as soon as it is decided, whatever is still being evaluated. */
  readonly onDecided: (decision: Decision) => void;
}

/**
 * Decides while the generator already evaluates what it will need.
 *
 * Where the format puts context behind prefix and suffix, that shared part is needed whatever is decided, and what
 * the generator says at its end is a by-product of it. Otherwise the branch without context is begun while another
 * model decides, and dropped if the decision is to retrieve; a decision that only waits for the index, which answers
 * in milliseconds, is waited for.
 */
export async function decide(
  run: CompletionRun,
  input: DecisionInput,
  race: DecisionRace,
): Promise<Decision> {
  const atOnce = decideAtOnce(input);
  // decideAtOnce answers for everything but a policy that must be asked.
  const policy = atOnce ? undefined : (input.policy as RetrievalPolicy);
  const { generator, lane, parts } = race;
  const { format } = generator;
  const isAskedFirst = policy?.needs === 'self' && !race.askPolicyModel;

  const speculation = new AbortController();
  const signal = AbortSignal.any([run.signal, speculation.signal]);
  const evaluation = isAskedFirst ? Promise.resolve() : evaluateAhead(run, race, policy, signal);
  // Its failure is looked at below; it must not go unhandled while the decision is awaited.
  evaluation.catch(() => undefined);
  const askGenerator: EvidenceSources['askModel'] = async (ask) => {
    await evaluation;
    return ask({ format, parts, evaluate: (tokens, options) => run.evaluate(lane, tokens, options) });
  };
  const askModel = modelToAsk(policy, format.sharesPrefix, askGenerator, race.askPolicyModel);
  const decision =
    atOnce ??
    policy!.decide(await gatherEvidence(policy!, { ...race, askModel }, input.threshold), input.threshold);
  race.onDecided(decision);
  if (decision.outcome === 'retrieve' && !format.sharesPrefix) speculation.abort();
  await evaluation.catch((error: unknown) => {
    if (!speculation.signal.aborted) throw error;
  });
  throwIfAborted(run.signal);
  return decision;
}

/** Whom a policy asks; undefined: nobody. */
export function modelToAsk(
  policy: RetrievalPolicy | undefined,
  isShared: boolean,
  askGenerator: EvidenceSources['askModel'],
  askPolicyModel: EvidenceSources['askModel'],
): EvidenceSources['askModel'] {
  if (policy?.needs !== 'features') return askPolicyModel ?? askGenerator;
  // A read-out of one model means nothing of another.
  if (policy.asksPolicyModel) return askPolicyModel;
  // Without a shared prefix the generator's word would cost a whole prompt.
  return isShared ? askGenerator : undefined;
}

/** Collects what a policy needs; a model is asked only where its answer could change the decision. */
export async function gatherEvidence(
  policy: RetrievalPolicy,
  { retrieval, describe, askModel }: EvidenceSources,
  threshold: number | undefined,
): Promise<PolicyEvidence> {
  if (policy.needs === 'self') {
    const self = await askModel?.(readDecisionToken);
    return self ? { self } : {};
  }
  const outcome = await retrieval;
  if (policy.needs === 'scores') return outcome.scores ? { scores: outcome.scores } : {};
  const hole = describe(outcome);
  if (!hole) return {};
  const needs = policy.asks?.({ hole }, threshold);
  if (!needs || !askModel) return { hole };
  return { hole: { ...hole, probe: await askModel((model) => readProbe(model, needs)) } };
}

/** Evaluates what is certain, or likely, to be needed. */
async function evaluateAhead(
  run: CompletionRun,
  { generator: { format }, lane, parts }: DecisionRace,
  policy: RetrievalPolicy | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (format.sharesPrefix) await run.evaluate(lane, assembleShared(format, parts), { signal });
  else if (policy?.needs === 'self')
    await run.evaluate(lane, assemblePrompt(format, parts).slice(0, -1), { signal });
}
