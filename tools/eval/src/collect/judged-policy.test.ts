import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goldenValues, HOLE_FEATURES, type PolicyDocument } from '@repoformer/policy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sketchHoleRecord, sketchLabel, sketchPolicy, sketchRun, writeDataset } from '../testing.js';
import { fittedPolicies, similarityPolicy, specOn } from './judged-policy.js';

const SKETCH = { id: 'h', completions: ['', ''] };
const PROBE = { firstToken: { probability: 0.5, margin: 0.25, entropy: 1 } };

/** Where text and hits leave a doubt, a model's answer says yes. */
function askingPolicy(): PolicyDocument {
  const plain = sketchPolicy();
  const head = {
    inputs: ['model.firstTokenMargin'],
    scorer: { kind: 'linear' as const, mean: [0], scale: [1], weights: [0], bias: 4 },
    calibration: { kind: 'platt' as const, a: 1, b: 0 },
  };
  const free = {
    inputs: ['hole.bestScore'],
    scorer: { kind: 'linear' as const, mean: [0.5], scale: [0.1], weights: [1], bias: 0 },
    calibration: { kind: 'platt' as const, a: 1, b: 0 },
  };
  const document = {
    ...plain,
    stages: { free, probed: { head, band: [0.2, 0.8] as const } },
    threshold: 0.5,
    gains: { default: { helps: 20, hurts: 20 } },
  };
  const golden = document.golden.map(({ hole, chunks }) => {
    const asked = { hole, chunks, probe: PROBE };
    return { ...asked, expected: goldenValues(document, asked) };
  });
  return { ...document, golden };
}

let directory: string;
let file: string;
let probeRun: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-judged-'));
  file = join(directory, 'policy.json');
  await writeFile(file, JSON.stringify(askingPolicy()));
  probeRun = await writeDataset(join(directory, 'other'), [SKETCH], sketchRun('small'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const at = (score: number) => {
  const hole = sketchHoleRecord(SKETCH);
  const values = HOLE_FEATURES.map((name) => (name === 'bestScore' ? score : 0));
  return { hole: { ...hole, features: { ...hole.features, hole: values } }, label: sketchLabel(SKETCH) };
};

describe('a policy that asks another model', () => {
  const judge = async () =>
    fittedPolicies({ name: 'small', file, probeRun }, [], { msPerContextToken: 1, lambda: 0 });

  it('asks only where its answer could change the decision, as the daemon does', async () => {
    const [judged, priced] = await judge();
    const [sure, doubtful] = [at(0.1), at(0.45)];
    expect(judged!.says(sure.hole, sure.label)).toBeLessThan(0.2);
    expect(judged!.says(doubtful.hole, doubtful.label)).toBeGreaterThan(0.9);
    expect([sure, doubtful].map(({ hole, label }) => priced!.says(hole, label))).toEqual([0, 1]);
  });

  it('takes that model’s time there, on the mean of all holes', async () => {
    const holes = [at(0.1), at(0.45), at(0.45), at(0.9)].map((each) => ({ ...each, passed: new Map() }));
    for (const policy of await judge()) expect(specOn(policy, holes).decisionMs).toBe(50);
    expect(specOn(similarityPolicy(0.5), holes)).not.toHaveProperty('decisionMs');
  });

  it('says what to give the daemon', async () => {
    const options = (await judge()).map(({ spec }) => spec.options);
    expect(options).toEqual([
      `--policy classifier --policy-file ${file} --threshold 0.500`,
      `--policy classifier --policy-file ${file}`,
    ]);
    const [own] = await fittedPolicies({ name: 'classifier', file, isDefault: true }, [], undefined);
    expect(own!.spec.options).toBe('--policy classifier --threshold 0.500');
  });
});
