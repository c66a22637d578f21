import type { EvaluateOptions, Evaluation } from '@repoformer/domain';
import { assembleDecision, assemblePrompt, type FimFormat, type PromptParts } from '@repoformer/fim';
import {
  FIRST_TOKEN_TOP,
  firstTokenOf,
  type PolicyEvidence,
  type Probe,
  type ProbeNeeds,
} from '@repoformer/policy';

/** A model's state and how it is prompted, for as long as it is asked about one hole. */
export interface AskedModel {
  readonly format: FimFormat;
  readonly parts: PromptParts;
  /** Brings the model's state to the end of the tokens. */
  readonly evaluate: (tokens: Int32Array, options: Omit<EvaluateOptions, 'signal'>) => Promise<Evaluation>;
}

/** P(retrieve) as a model sees it; undefined when it has no such token. */
export async function readDecisionToken({
  format,
  parts,
  evaluate,
}: AskedModel): Promise<PolicyEvidence['self']> {
  const token = format.decisionToken;
  if (token === undefined) return undefined;
  const { probabilities, argmax } = await evaluate(assembleDecision(format, parts), { watch: [token] });
  return { probability: probabilities[0]!, isArgmax: argmax === token };
}

/**
 * What a fitted policy wants to know of a model: where prefix and suffix end, and, only if it looks there, where
 * generation would begin.
 */
export async function readProbe(
  { format, parts, evaluate }: AskedModel,
  { decisionProbability, firstToken, readout }: ProbeNeeds,
): Promise<Probe> {
  const token = decisionProbability ? format.decisionToken : undefined;
  const atDecision = readout?.place === 'decision' ? readout.tokens : [];
  const atFirst = readout?.place === 'first' ? readout.tokens : [];
  let probe: Probe = {};
  let readoutProbabilities: readonly number[] | undefined;
  if (token !== undefined || atDecision.length > 0) {
    const watch = token === undefined ? atDecision : [...atDecision, token];
    const { probabilities } = await evaluate(assembleDecision(format, parts), { watch });
    if (token !== undefined) probe = { decisionProbability: probabilities.at(-1)! };
    if (atDecision.length > 0) readoutProbabilities = probabilities.slice(0, atDecision.length);
  }
  if (firstToken || atFirst.length > 0) {
    const top = firstToken ? FIRST_TOKEN_TOP : 0;
    const evaluation = await evaluate(assemblePrompt(format, parts), { watch: atFirst, top });
    const first = firstTokenOf(evaluation.top);
    if (first) probe = { ...probe, firstToken: first };
    if (atFirst.length > 0) readoutProbabilities = evaluation.probabilities;
  }
  return readoutProbabilities ? { ...probe, readout: readoutProbabilities.map(Math.log) } : probe;
}
