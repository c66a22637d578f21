import { readLabelRun, readLabels, type HoleRecord, type LabelRecord } from '@repoformer/dataset';
import { createFittedPolicy, estimateTokens, type CostModel } from '@repoformer/policy';
import type { PolicySpec } from '../analysis/index.js';
import { askedOfGenerator, probeOf } from './probe-of.js';
import { readPolicyFile } from './read-policy.js';

/** A policy under judgement: what it says of a hole, and how that is to be read. */
export interface JudgedPolicy {
  readonly spec: PolicySpec;
  /** Undefined: it gives no answer there. */
  says(hole: HoleRecord, label: LabelRecord): number | undefined;
}

/** Best hit's similarity; every retriever has it. */
export function similarityPolicy(threshold: number): JudgedPolicy {
  return {
    spec: {
      name: 'similarity',
      threshold,
      label: `similarity > ${threshold}`,
      description: 'Context where the best hit is more similar than the threshold.',
    },
    says: ({ context }) => context.chunks[0]?.score ?? 0,
  };
}

/** The same number of chunks everywhere. */
export function constantPolicy(chunks: number): JudgedPolicy {
  const label = `always ${chunks} ${chunks === 1 ? 'chunk' : 'chunks'}`;
  return {
    spec: {
      name: label,
      threshold: 0,
      says: 'chunks',
      label,
      description: `The best ${chunks === 1 ? 'chunk' : `${chunks} chunks`} at each request.`,
    },
    says: () => chunks,
  };
}

/** The model's own retrieval token (Selective_T). */
export function selfPolicy(threshold: number): JudgedPolicy {
  return {
    spec: {
      name: 'self',
      threshold,
      label: `self > ${threshold}`,
      description: 'Context where the model gives its retrieval token more than the threshold.',
    },
    says: (_, { probes }) => probes.decision.retrieve,
  };
}

/** Selective_G: the model's own token is the most probable one. */
export const selfGreedyPolicy: JudgedPolicy = {
  spec: {
    name: 'self-greedy',
    threshold: 0.5,
    label: 'self, greedy',
    description: 'Context where the retrieval token is the most probable one.',
  },
  says: (_, { probes }) =>
    probes.decision.isRetrieveArgmax === undefined ? undefined : Number(probes.decision.isRetrieveArgmax),
};

export interface FittedPolicyOptions {
  /** How it is called in tables; also the key of its answers. */
  readonly name: string;
  readonly file: string;
  /** Folder of labels by the model whose probes it reads; undefined: the labels under judgement. */
  readonly probeRun?: string;
  /** Leaves the model's answers out, so that the free stage decides alone. */
  readonly withoutProbe?: boolean;
  /**
   * Of the prompts under judgement: whether the daemon would ask the generator itself. Default true. Of no account with
   * a `probeRun`.
   */
  readonly sharesPrefix?: boolean;
  /** Instead of the policy's own. */
  readonly threshold?: number;
}

/**
 * A fitted policy, judged twice: its probability against its threshold, and, where the cost of context was measured,
 * the number of chunks it chooses.
 *
 * @param cost of context in the run under judgement; undefined: only the probability is judged
 */
export async function fittedPolicies(
  { name, file, probeRun, withoutProbe = false, sharesPrefix = true, threshold }: FittedPolicyOptions,
  ownReadoutTokens: readonly number[],
  cost: Pick<CostModel, 'msPerContextToken' | 'lambda'> | undefined,
): Promise<JudgedPolicy[]> {
  const policy = createFittedPolicy((await readPolicyFile(file)).document);
  const asked = probeRun === undefined ? askedOfGenerator(policy, sharesPrefix) : policy.probeNeeds;
  const needs = withoutProbe ? undefined : asked;
  const others = probeRun === undefined ? undefined : await readLabels(probeRun);
  const tokens = probeRun === undefined ? ownReadoutTokens : (await readLabelRun(probeRun)).readoutTokens;
  const probe = (label: LabelRecord) => {
    const answered = others ? others.get(label.id) : label;
    // What another model said of other text or context says nothing here.
    return needs && answered?.input === label.input ? probeOf(answered.probes, tokens, needs) : undefined;
  };
  const how = needs ? 'text, hits and the model’s logits' : 'text and hits';
  const judged: JudgedPolicy = {
    spec: {
      name,
      threshold: threshold ?? policy.defaultThreshold,
      label: name,
      description: `Fitted on ${how}: context where the chance that it helps exceeds the threshold.`,
    },
    says: (hole, label) => policy.probability(hole.features, probe(label)),
  };
  if (!cost) return [judged];
  const priced: JudgedPolicy = {
    spec: {
      name: `${name}, priced`,
      threshold: 0.5,
      says: 'chunks',
      label: `${name}, priced`,
      description: `The same, by expected gain against the measured cost of context (${cost.lambda} points for 100 ms); chooses 0, 1 or more chunks.`,
    },
    says: (hole, label) =>
      policy.chooseChunks(hole.features, probe(label), {
        ...cost,
        ...(threshold !== undefined && { threshold }),
        language: hole.language,
        tokensPerChunk: tokensPerChunk(hole, label),
      }).count,
  };
  return [judged, priced];
}

/** Estimated as when serving, for as many chunks as the run had in its longest prompt. */
function tokensPerChunk({ context }: HoleRecord, { variants }: LabelRecord): number[] {
  return context.chunks.slice(0, variants.at(-1)!.chunks).map(({ text }) => estimateTokens(text));
}
