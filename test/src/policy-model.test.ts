import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goldenValues, logit, parsePolicyDocument, sigmoid, type PolicyDocument } from '@repoformer/policy';
import { ContextOutcome, DecisionOutcome, RetrievalMode } from '@repoformer/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, GitRepository } from './harness/index.js';
import { writeSyntheticPolicy } from './synthetic-policy.js';

const SMALL = 'repoformer-nano';
const BODY = 'def settle_order(order, rate):\n    total = sum_of_items(order.items)\n    ';
const ORDERS = Array.from(
  { length: 12 },
  (_, at) =>
    `def settle_order_${at}(order, rate):\n    total = sum_of_items(order.items)\n    return total\n\n`,
).join('');

/** From the small model's P(retrieval token) to a chance between 0.65 and 0.97; the free stage's is 0.2. */
const WEIGHT = 0.1;
const BIAS = 2;

/** A fitted policy with a probed stage that is another model's to answer. */
function writeProbingPolicy(path: string): void {
  writeSyntheticPolicy(path);
  const fitted = parsePolicyDocument(readFileSync(path, 'utf8'));
  const scorer = { kind: 'linear', mean: [0], scale: [1], weights: [WEIGHT], bias: BIAS } as const;
  const head = {
    inputs: ['model.decisionLogit'],
    scorer,
    calibration: { kind: 'platt', a: 1, b: 0 },
  } as const;
  const document: PolicyDocument = {
    ...fitted,
    prober: { name: SMALL },
    stages: { ...fitted.stages, probed: { head } },
  };
  const golden = fitted.golden.map((vector, at) => {
    const asked = { ...vector, probe: { decisionProbability: (at + 1) / 20 } };
    return { ...asked, expected: goldenValues(document, asked) };
  });
  writeFileSync(path, JSON.stringify({ ...document, golden }));
}

describe('a small model that decides for another', () => {
  let directory: string;
  let policyFile: string;
  let repository: GitRepository;
  let daemon: Daemon;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'repoformer-policy-model-'));
    policyFile = join(directory, 'policy.json');
    writeProbingPolicy(policyFile);
    repository = GitRepository.create();
    repository.commit({ 'orders.py': ORDERS, 'app.py': BODY, 'README.md': '# A shop\n' });
  });
  afterEach(() => daemon?.remove());
  afterAll(() => {
    repository?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  const start = async (...args: readonly string[]) => {
    daemon = await Daemon.start({ args: ['--policy-file', policyFile, '--threshold', '0.5', ...args] });
    await daemon.index(repository.root);
  };
  const hole = () => ({ repository: repository.root, path: 'app.py', prefix: BODY, suffix: '\n' });
  const complete = (mode = RetrievalMode.AUTO) => daemon.complete({ ...hole(), mode, maxTokens: 4 });
  const workOfSmall = async () => {
    const { models } = await daemon.models.listModels({});
    return models.find(({ roles }) => roles.includes('policy'))!.counters!;
  };

  it('is asked, and its answer decides', async () => {
    await start('--policy-model', SMALL);
    await complete(RetrievalMode.NEVER);
    expect((await workOfSmall()).requests).toBe(0n);
    const { decision, context, finished } = await complete();
    const { requests, evaluatedTokens, generatedTokens } = await workOfSmall();
    expect([requests, generatedTokens]).toEqual([1n, 0n]);
    expect(evaluatedTokens).toBeGreaterThan(0n);
    expect(decision).toMatchObject({ policy: 'classifier', outcome: DecisionOutcome.RETRIEVE });
    expect(context.outcome).toBe(ContextOutcome.USED);
    expect(finished.usage!.generated).toBeGreaterThan(0);
    const { decision: own } = await daemon.policy.score({ ...hole(), policy: 'self' });
    const expected = sigmoid(WEIGHT * logit(own!.probability!) + BIAS);
    // What is evaluated together differs between the two, and with it the last digits.
    expect(decision.probability).toBeCloseTo(expected, 2);
  });

  it('is not replaced by the one that generates: without it, the free stage decides', async () => {
    await start();
    const { decision, context } = await complete();
    expect(decision).toMatchObject({ policy: 'classifier', outcome: DecisionOutcome.ABSTAIN });
    expect(decision.probability).toBeCloseTo(0.2, 1);
    expect(context.outcome).not.toBe(ContextOutcome.USED);
  });
});
