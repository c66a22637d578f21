import type { LabelRecord } from '@repoformer/dataset';
import { firstTokenOf, type FittedPolicy, type Probe, type ProbeNeeds } from '@repoformer/policy';

/**
 * What the daemon would ask the generator for a policy. Nothing where another model is asked, and nothing where the
 * prompt without context is no part of the one with it: the answer would then cost a whole prompt.
 *
 * @param sharesPrefix of the prompt's form
 */
export function askedOfGenerator(
  { probeNeeds, prober }: Pick<FittedPolicy, 'probeNeeds' | 'prober'>,
  sharesPrefix: boolean,
): ProbeNeeds | undefined {
  return sharesPrefix && prober === undefined ? probeNeeds : undefined;
}

/** What a label's model said, in the form in which a policy is served it. */
export function probeOf(
  { decision, first }: LabelRecord['probes'],
  readoutTokens: readonly number[],
  { readout: wanted }: ProbeNeeds,
): Probe {
  const firstToken = firstTokenOf(first.top);
  const readout =
    wanted && readoutOf(wanted.place === 'decision' ? decision : first, readoutTokens, wanted.tokens);
  return {
    ...(decision.retrieve !== undefined && { decisionProbability: decision.retrieve }),
    ...(firstToken && { firstToken }),
    ...(readout && { readout }),
  };
}

/** The log-probabilities of the wanted tokens; undefined when one of them was not read. */
function readoutOf(
  { readout }: LabelRecord['probes']['first'],
  tokens: readonly number[],
  wanted: readonly number[],
): number[] | undefined {
  const bytes = Buffer.from(readout, 'base64');
  if (bytes.length !== 4 * tokens.length) return undefined;
  const places = new Map(tokens.map((token, at) => [token, at]));
  const values = wanted.map((token) => {
    const at = places.get(token);
    return at === undefined ? Number.NaN : bytes.readFloatLE(4 * at);
  });
  return values.some(Number.isNaN) ? undefined : values;
}
