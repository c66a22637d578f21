import { CHUNK_FEATURES, HOLE_FEATURES } from '../features/feature-names.js';
import { FEATURES_VERSION, MAX_CHUNKS } from '../features/feature-view.js';
import { createFittedPolicy, locateInput, type FittedPolicy, type InputPlace } from './fitted-policy.js';
import { checkGolden } from './golden.js';
import { JsonReader } from './json-reader.js';
import type { Probe } from './model-features.js';
import {
  MIN_GOLDEN,
  POLICY_SCHEMA,
  type Calibration,
  type ChunkHead,
  type Gains,
  type GoldenVector,
  type LinearScorer,
  type PolicyDocument,
  type ProbabilityHead,
  type ProbedStage,
  type Readout,
  type Scorer,
  type Training,
  type Tree,
} from './policy-document.js';

/** Sizes beyond which a document is no policy: the file is untrusted. */
const LIMITS = {
  characters: 8_000_000,
  inputs: 512,
  trees: 500,
  leaves: 256,
  points: 5_000,
  tokens: 1_024,
  golden: 64,
  chunks: 100,
};
/** Weights, thresholds and scores beyond this would overflow somewhere. */
const HUGE = 1e12;
const NAME = /^[\w@.+:/ -]{1,200}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Reads a fitted policy and checks it: schema, feature tables, sizes, trees, and that it gives its golden values to
 * 1e-9. Everything in the text is untrusted.
 *
 * @param source what the text is, for messages: the file's name
 * @throws AppError failed_precondition/CONFIG_INVALID, naming the place that is wrong
 */
export function parsePolicy(text: string, source = 'policy'): FittedPolicy {
  return createFittedPolicy(parsePolicyDocument(text, source));
}

/** As {@link parsePolicy}, but gives the checked document itself. */
export function parsePolicyDocument(text: string, source = 'policy'): PolicyDocument {
  const whole = new JsonReader(undefined, '', source);
  if (text.length > LIMITS.characters) whole.fail(`has more than ${LIMITS.characters} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return whole.fail('is not JSON');
  }
  const json = new JsonReader(value, '', source);
  const schema = json.field('schema');
  if (schema.number() !== POLICY_SCHEMA) schema.fail(`is not ${POLICY_SCHEMA}, the one this version reads`);
  const document: PolicyDocument = {
    schema: POLICY_SCHEMA,
    name: json.field('name').text(NAME),
    features: readFeatures(json.field('features')),
    generator: readModel(json.field('generator')),
    ...present('prober', json.optional('prober', readModel)),
    stages: {
      free: readHead(json.field('stages').field('free'), ['hole']),
      ...present('probed', json.field('stages').optional('probed', readProbed)),
    },
    ...present('chunks', json.optional('chunks', readChunkHead)),
    contextChunks: json.field('contextChunks').integer(1, LIMITS.chunks),
    gains: readGains(json.field('gains')),
    threshold: json.field('threshold').number(0, 1),
    training: readTraining(json.field('training')),
    golden: json.field('golden').items(LIMITS.golden, MIN_GOLDEN).map(readGolden),
  };
  checkGolden(document, json.field('golden'));
  return document;
}

function readFeatures(json: JsonReader): PolicyDocument['features'] {
  const version = json.field('version');
  if (version.number() !== FEATURES_VERSION) {
    version.fail(`is not ${FEATURES_VERSION}, the features of this version`);
  }
  const names = (field: JsonReader, expected: readonly string[]) => {
    const found = field.items(LIMITS.inputs).map((each) => each.text(/^\w{1,64}$/));
    const at = expected.findIndex((name, index) => found[index] !== name);
    if (at >= 0) field.fail(`has not "${expected[at]}" at place ${at}`);
    if (found.length > expected.length) field.fail(`has "${found[expected.length]}", which is not known`);
    return found;
  };
  return {
    version: FEATURES_VERSION,
    hole: names(json.field('hole'), HOLE_FEATURES),
    chunk: names(json.field('chunk'), CHUNK_FEATURES),
  };
}

function readModel(json: JsonReader): PolicyDocument['generator'] {
  const name = json.field('name').text(NAME);
  return {
    name,
    ...present(
      'sha256',
      json.optional('sha256', (field) => field.text(SHA256)),
    ),
  };
}

function readInputs(json: JsonReader, groups: readonly InputPlace['group'][]): string[] {
  return json.items(LIMITS.inputs, 1).map((item) => {
    const input = item.text(/^[a-z]{1,8}\.\w{1,64}$/);
    const { group, at } = locateInput(input);
    if (at < 0 || !groups.includes(group))
      item.fail(`is "${input}", which is no feature that can be used here`);
    return input;
  });
}

function readHead(json: JsonReader, groups: readonly InputPlace['group'][]): ProbabilityHead {
  const inputs = readInputs(json.field('inputs'), groups);
  return {
    inputs,
    scorer: readScorer(json.field('scorer'), inputs.length),
    calibration: readCalibration(json.field('calibration')),
  };
}

function readScorer(json: JsonReader, inputs: number): Scorer {
  if (json.field('kind').oneOf('linear', 'trees') === 'linear')
    return { kind: 'linear', ...readLinear(json, inputs) };
  return {
    kind: 'trees',
    base: json.field('base').number(-HUGE, HUGE),
    trees: json
      .field('trees')
      .items(LIMITS.trees)
      .map((tree) => readTree(tree, inputs)),
  };
}

function readLinear(json: JsonReader, inputs: number): Omit<LinearScorer, 'kind'> {
  const length = { least: inputs, most: inputs };
  return {
    mean: json.field('mean').numbers(length, -HUGE, HUGE),
    // A scale near zero would make a weight of it that is as good as infinite.
    scale: json.field('scale').numbers(length, 1e-9, HUGE),
    weights: json.field('weights').numbers(length, -HUGE, HUGE),
    bias: json.field('bias').number(-HUGE, HUGE),
  };
}

function readTree(json: JsonReader, inputs: number): Tree {
  const leaf = json.field('leaf').numbers({ least: 1, most: LIMITS.leaves }, -HUGE, HUGE);
  const nodes = leaf.length - 1;
  const length = { least: nodes, most: nodes };
  const tree: Tree = {
    feature: json.field('feature').integers(length, 0, inputs - 1),
    threshold: json.field('threshold').numbers(length, -HUGE, HUGE),
    left: json.field('left').integers(length, -leaf.length, nodes - 1),
    right: json.field('right').integers(length, -leaf.length, nodes - 1),
    leaf,
  };
  // Children come after their parent, so that no walk can go round in a circle; and each has one parent.
  const seen = new Set<number>();
  for (const side of ['left', 'right'] as const) {
    tree[side].forEach((child, node) => {
      if (child >= 0 && child <= node) json.field(side).fail(`leads from node ${node} back to ${child}`);
      if (seen.has(child)) json.field(side).fail(`leads to ${child} twice`);
      seen.add(child);
    });
  }
  return tree;
}

function readCalibration(json: JsonReader): Calibration {
  if (json.field('kind').oneOf('platt', 'isotonic') === 'platt') {
    // A slope that is not positive would turn the order of the scores round.
    return {
      kind: 'platt',
      a: json.field('a').number(Number.MIN_VALUE, HUGE),
      b: json.field('b').number(-HUGE, HUGE),
    };
  }
  const x = json.field('x').numbers({ least: 1, most: LIMITS.points }, -HUGE, HUGE);
  const y = json.field('y').numbers({ least: x.length, most: x.length }, 0, 1);
  for (let at = 1; at < x.length; at++) {
    if (x[at]! <= x[at - 1]!) json.field('x').fail(`does not rise at ${at}`);
    if (y[at]! < y[at - 1]!) json.field('y').fail(`falls at ${at}`);
  }
  return { kind: 'isotonic', x, y };
}

function readProbed(json: JsonReader): ProbedStage {
  const head = readHead(json.field('head'), ['hole', 'model']);
  const readout = json.optional('readout', readReadout);
  if (head.inputs.includes('model.readout') !== (readout !== undefined)) {
    json.field('readout').fail('must be there exactly when model.readout is an input');
  }
  const band = json.optional('band', (field): [number, number] => {
    const [low, high] = field.numbers({ least: 2, most: 2 }, 0, 1);
    return low! <= high! ? [low!, high!] : field.fail('has its ends the wrong way round');
  });
  return { head, ...present('readout', readout), ...present('band', band) };
}

function readReadout(json: JsonReader): Readout {
  const tokens = json.field('tokens').integers({ least: 1, most: LIMITS.tokens }, 0, 2 ** 31 - 1);
  if (new Set(tokens).size < tokens.length) json.field('tokens').fail('names a token twice');
  const place = json.field('place').oneOf('decision', 'first');
  return { place, tokens, ...readLinear(json, tokens.length) };
}

function readChunkHead(json: JsonReader): ChunkHead {
  const inputs = readInputs(json.field('inputs'), ['chunk', 'hole']);
  return {
    inputs,
    scorer: readScorer(json.field('scorer'), inputs.length),
    pointsPerNat: json.field('pointsPerNat').number(0, 1e4),
    maxChunks: json.field('maxChunks').integer(1, LIMITS.chunks),
  };
}

function readGains(json: JsonReader): Record<string, Gains> {
  const gains = json
    .entries(64)
    .map(([language, field]): [string, Gains] => [
      language,
      { helps: field.field('helps').number(1e-6, 100), hurts: field.field('hurts').number(0, 100) },
    ]);
  if (!gains.some(([language]) => language === 'default')) json.fail('has no "default"');
  return Object.fromEntries(gains);
}

function readTraining(json: JsonReader): Training {
  const count = (name: string) => json.field(name).integer(0, 1e9);
  return {
    dataSha256: json.field('dataSha256').text(SHA256),
    repositories: count('repositories'),
    holes: count('holes'),
    calibrationRepositories: count('calibrationRepositories'),
    calibrationHoles: count('calibrationHoles'),
    target: json.field('target').text(/^[\w ]{1,64}$/),
    minimumGain: json.field('minimumGain').number(-HUGE, HUGE),
    metrics: Object.fromEntries(
      json
        .field('metrics')
        .entries(64)
        .map(([name, field]) => [name, field.number()]),
    ),
  };
}

function readGolden(json: JsonReader): GoldenVector {
  const row = (field: JsonReader, length: number) => field.numbers({ least: length, most: length });
  const expected = json.field('expected');
  return {
    hole: row(json.field('hole'), HOLE_FEATURES.length),
    chunks: json
      .field('chunks')
      .items(MAX_CHUNKS)
      .map((each) => row(each, CHUNK_FEATURES.length)),
    ...present('probe', json.optional('probe', readProbe)),
    expected: {
      free: expected.field('free').number(0, 1),
      ...present(
        'probed',
        expected.optional('probed', (field) => field.number(0, 1)),
      ),
      ...present(
        'chunkGains',
        expected.optional('chunkGains', (field) => field.numbers({ most: MAX_CHUNKS })),
      ),
    },
  };
}

function readProbe(json: JsonReader): Probe {
  const firstToken = json.optional('firstToken', (field) => ({
    probability: field.field('probability').number(0, 1),
    margin: field.field('margin').number(0, 1),
    entropy: field.field('entropy').number(0, 100),
  }));
  return {
    ...present(
      'decisionProbability',
      json.optional('decisionProbability', (field) => field.number(0, 1)),
    ),
    ...present('firstToken', firstToken),
    ...present(
      'readout',
      json.optional('readout', (field) => field.numbers({ most: LIMITS.tokens })),
    ),
  };
}

/** An object with the key, or without it where there is no value. */
function present<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: T });
}
