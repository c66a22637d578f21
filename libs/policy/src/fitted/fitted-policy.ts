import { familyOf } from '../features/definitions.js';
import { CHUNK_FEATURES, HOLE_FEATURES } from '../features/feature-names.js';
import type { Features } from '../features/feature-view.js';
import { chooseChunks, type ChunkChoice, type CostModel } from './choose-chunks.js';
import { logit, MODEL_FEATURES, modelFeatures, type Probe } from './model-features.js';
import type { Gains, PolicyDocument, ProbabilityHead, Readout, Training } from './policy-document.js';
import { calibrate, score, sigmoid } from './scorer.js';

/** What the probed stage wants to know of the model. */
export interface ProbeNeeds {
  readonly decisionProbability: boolean;
  readonly firstToken: boolean;
  /** Tokens whose log-probabilities the read-out takes, and where. Undefined: there is none. */
  readonly readout: Pick<Readout, 'place' | 'tokens'> | undefined;
}

/** A policy that was fitted on labelled holes. Pure; an answer takes microseconds. */
export interface FittedPolicy {
  readonly name: string;
  readonly generator: PolicyDocument['generator'];
  /** Whom to ask, where that is not the generator. */
  readonly prober: PolicyDocument['prober'];
  readonly training: Training;
  /** What decides where the cost is not known. */
  readonly defaultThreshold: number;
  /** Undefined: no model is ever asked. */
  readonly probeNeeds: ProbeNeeds | undefined;
  /** P(context helps), calibrated. A probe that lacks what the probed stage needs is not used. */
  readonly probability: (features: Features, probe?: Probe) => number;
  /**
   * Whether the model's answer could hardly change the decision, so that it need not be waited for.
   *
   * @param threshold what the probability will be compared with; the band is moved along with it (default: the policy's)
   */
  readonly isCertain: (features: Features, threshold?: number) => boolean;
  /** What each chunk adds to those before it, points of edit similarity; undefined: the policy does not say. */
  readonly chunkGains: (features: Features) => number[] | undefined;
  readonly gainsOf: (language: string) => Gains;
  readonly chooseChunks: (features: Features, probe: Probe | undefined, cost: CostModel) => ChunkChoice;
}

/** Keeps a threshold where its logit is finite: a price can ask for more than certainty, or for less than nothing. */
const EDGE = 1e-6;

/** Makes a policy of a document that is known to be good; `parsePolicy` is for documents from outside. */
export function createFittedPolicy(document: PolicyDocument): FittedPolicy {
  const { stages, chunks: chunkHead } = document;
  const free = compileHead(stages.free);
  const probed = stages.probed && compileHead(stages.probed.head);
  const readout = stages.probed?.readout;
  const gains = new Map(Object.entries(document.gains));
  const chunkInputs = chunkHead?.inputs.map(locateInput);

  const freeProbability = (features: Features) => free(features.hole, []);
  const probability = (features: Features, probe?: Probe) => {
    const asked = probed && probe ? probed(features.hole, modelFeatures(probe, readout)) : NaN;
    return Number.isNaN(asked) ? freeProbability(features) : asked;
  };
  const chunkGains = (features: Features) => {
    if (!chunkHead || !chunkInputs) return undefined;
    return features.chunks.map((row) => {
      const inputs = chunkInputs.map(({ group, at }) => (group === 'chunk' ? row : features.hole)[at]!);
      return chunkHead.pointsPerNat * score(chunkHead.scorer, inputs);
    });
  };
  const gainsOf = (language: string) =>
    gains.get(language) ?? gains.get(familyOf(language)) ?? gains.get('default')!;

  return {
    name: document.name,
    generator: document.generator,
    prober: document.prober,
    training: document.training,
    defaultThreshold: document.threshold,
    probeNeeds: stages.probed && {
      decisionProbability: stages.probed.head.inputs.includes('model.decisionLogit'),
      firstToken: stages.probed.head.inputs.some((input) => input.startsWith('model.firstToken')),
      readout: readout && { place: readout.place, tokens: readout.tokens },
    },
    probability,
    isCertain(features, threshold = document.threshold) {
      if (!stages.probed) return true;
      if (!stages.probed.band) return false;
      const [low, high] = stages.probed.band;
      const bound = Math.min(1 - EDGE, Math.max(EDGE, threshold));
      const moved = logit(freeProbability(features)) - (logit(bound) - logit(document.threshold));
      const p = sigmoid(moved);
      return p < low || p > high;
    },
    chunkGains,
    gainsOf,
    chooseChunks(features, probe, cost) {
      const most = chunkHead?.maxChunks ?? document.contextChunks;
      const tokensPerChunk = cost.tokensPerChunk.slice(0, Math.min(most, features.chunks.length));
      return chooseChunks({
        probability: probability(features, probe),
        gains: gainsOf(cost.language ?? ''),
        defaultThreshold: document.threshold,
        chunkGains: chunkGains(features),
        contextChunks: document.contextChunks,
        cost: { ...cost, tokensPerChunk },
      });
    },
  };
}

/** Where an input comes from. */
export interface InputPlace {
  readonly group: 'hole' | 'chunk' | 'model';
  readonly at: number;
}

const TABLES: Readonly<Record<InputPlace['group'], readonly string[]>> = {
  hole: HOLE_FEATURES,
  chunk: CHUNK_FEATURES,
  model: MODEL_FEATURES,
};

/** Finds a qualified name such as `hole.bestScore`; `at` is -1 where there is no such feature. */
export function locateInput(input: string): InputPlace {
  const group = input.slice(0, input.indexOf('.'));
  if (group !== 'hole' && group !== 'chunk' && group !== 'model') return { group: 'hole', at: -1 };
  return { group, at: TABLES[group].indexOf(input.slice(group.length + 1)) };
}

/** NaN when an input is missing. */
function compileHead(head: ProbabilityHead): (hole: readonly number[], model: readonly number[]) => number {
  const places = head.inputs.map(locateInput);
  return (hole, model) => {
    const inputs = places.map(({ group, at }) => (group === 'hole' ? hole : model)[at] ?? NaN);
    // A tree would send NaN to the right instead of passing it on.
    return inputs.some(Number.isNaN) ? NaN : calibrate(head.calibration, score(head.scorer, inputs));
  };
}
