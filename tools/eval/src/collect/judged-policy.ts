import { readLabelRun, readLabels, type HoleRecord, type LabelRecord } from '@repoformer/dataset';
import { createFittedPolicy, estimateTokens, type CostModel, type Probe } from '@repoformer/policy';
import type { PolicySpec } from '../analysis/index.js';
import type { LabelledHole } from './collect-results.js';
import { askedOfGenerator, probeOf } from './probe-of.js';
import { readPolicyFile } from './read-policy.js';

/** A policy under judgement: what it says of a hole, and how that is to be read. */
export interface JudgedPolicy {
  readonly spec: PolicySpec;
  /** Undefined: it gives no answer there. */
  says(hole: HoleRecord, label: LabelRecord): number | undefined;
  /** Milliseconds that another model takes to be asked. Absent: none is. */
  takes?(hole: HoleRecord, label: LabelRecord): number;
}

/** A policy as it is to be judged on these holes: with what deciding takes there in the mean. */
export function specOn({ spec, takes }: JudgedPolicy, holes: readonly LabelledHole[]): PolicySpec {
  if (!takes) return spec;
  const total = holes.reduce((sum, { hole, label }) => sum + takes(hole, label), 0);
  return { ...spec, decisionMs: total / holes.length };
}

/** Best hit's similarity; every retriever has it. */
export function similarityPolicy(threshold: number): JudgedPolicy {
  return {
    spec: {
      name: 'similarity',
      threshold,
      label: `similarity > ${threshold}`,
      options: `--policy similarity --threshold ${threshold}`,
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
      options: `--policy always --top-k ${chunks}`,
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
      options: `--policy self --threshold ${threshold}`,
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
    options: '--policy self-greedy',
    description: 'Context where the retrieval token is the most probable one.',
  },
  says: (_, { probes }) =>
    probes.decision.isRetrieveArgmax === undefined ? undefined : Number(probes.decision.isRetrieveArgmax),
};

export interface FittedPolicyOptions {
  /** How it is called in tables; also the key of its answers. */
  readonly name: string;
  readonly file: string;
  /** Whether the daemon uses that file of itself. Default false. */
  readonly isDefault?: boolean;
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
  {
    name,
    file,
    isDefault = false,
    probeRun,
    withoutProbe = false,
    sharesPrefix = true,
    threshold,
  }: FittedPolicyOptions,
  ownReadoutTokens: readonly number[],
  cost: Pick<CostModel, 'msPerContextToken' | 'lambda'> | undefined,
): Promise<JudgedPolicy[]> {
  const policy = createFittedPolicy((await readPolicyFile(file)).document);
  const asked = probeRun === undefined ? askedOfGenerator(policy, sharesPrefix) : policy.probeNeeds;
  const needs = withoutProbe ? undefined : asked;
  const others = probeRun === undefined ? undefined : await readLabels(probeRun);
  const tokens = probeRun === undefined ? ownReadoutTokens : (await readLabelRun(probeRun)).readoutTokens;
  // What another model said of other text or context says nothing here.
  const answerOf = (label: LabelRecord) => {
    const answered = others ? others.get(label.id) : label;
    return answered?.input === label.input ? answered : undefined;
  };
  const probeAt = (label: LabelRecord, isCertain: boolean) => {
    const answered = needs && !isCertain ? answerOf(label) : undefined;
    return needs && answered ? probeOf(answered.probes, tokens, needs) : undefined;
  };
  const fixed = threshold ?? policy.defaultThreshold;
  const isCertain = ({ features }: HoleRecord) => policy.isCertain(features, fixed);
  const choose = (hole: HoleRecord, label: LabelRecord, probe?: Probe) =>
    policy.chooseChunks(hole.features, probe, {
      ...cost!,
      ...(threshold !== undefined && { threshold }),
      language: hole.language,
      tokensPerChunk: tokensPerChunk(hole, label),
    });
  const isCertainAtPrice = (hole: HoleRecord, label: LabelRecord) =>
    policy.isCertain(hole.features, choose(hole, label).threshold);
  const takesWhere = (certain: (hole: HoleRecord, label: LabelRecord) => boolean) =>
    others && {
      takes: (hole: HoleRecord, label: LabelRecord) =>
        certain(hole, label) ? 0 : (answerOf(label)?.sharedMs ?? 0),
    };
  const options = `--policy classifier${isDefault ? '' : ` --policy-file ${file}`}`;
  const how = needs ? 'text, hits and the model’s logits' : 'text and hits';
  const judged: JudgedPolicy = {
    spec: {
      name,
      threshold: fixed,
      label: name,
      options: `${options} --threshold ${fixed.toFixed(3)}`,
      description: `Fitted on ${how}: context where the chance that it helps exceeds the threshold.`,
    },
    says: (hole, label) => policy.probability(hole.features, probeAt(label, isCertain(hole))),
    ...takesWhere(isCertain),
  };
  if (!cost) return [judged];
  const priced: JudgedPolicy = {
    spec: {
      name: `${name}, priced`,
      threshold: 0.5,
      says: 'chunks',
      label: `${name}, priced`,
      options,
      description: `The same, by expected gain against the measured cost of context (${cost.lambda} points for 100 ms); chooses 0, 1 or more chunks.`,
    },
    says: (hole, label) => choose(hole, label, probeAt(label, isCertainAtPrice(hole, label))).count,
    ...takesWhere(isCertainAtPrice),
  };
  return [judged, priced];
}

/** Estimated as when serving, for as many chunks as the run had in its longest prompt. */
function tokensPerChunk({ context }: HoleRecord, { variants }: LabelRecord): number[] {
  return context.chunks.slice(0, variants.at(-1)!.chunks).map(({ text }) => estimateTokens(text));
}
