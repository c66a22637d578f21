import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';
import { ContextOutcome, DecisionOutcome, RetrievalMode } from '@repoformer/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, GitRepository, runCli } from './harness/index.js';
import { writeSyntheticPolicy } from './synthetic-policy.js';

const FUNCTIONS = Array.from(
  { length: 12 },
  (_, at) =>
    `def settle_order_${at}(order, rate):\n    total = sum_of_items(order.items)\n    return total * (1 + rate)\n\n`,
).join('');
const BODY = `${'# What the customer pays, with the rate on top.\n'.repeat(12)}def settle_order(order, rate):\n    total = sum_of_items(order.items)\n    `;

describe('a fitted policy', () => {
  let directory: string;
  let policyFile: string;
  let repository: GitRepository;
  let daemon: Daemon | undefined;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'repoformer-policy-'));
    policyFile = join(directory, 'policy.json');
    writeSyntheticPolicy(policyFile);
    repository = GitRepository.create();
    repository.commit({ 'orders.py': FUNCTIONS, 'app.py': BODY, 'README.md': '# A shop\n' });
  });
  afterEach(async () => {
    await daemon?.remove();
    daemon = undefined;
  });
  afterAll(() => {
    repository?.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The same hole each time, with a daemon that knows what evaluating costs here. */
  const complete = async (...args: readonly string[]) => {
    daemon = await Daemon.start({ args: ['--policy-file', policyFile, ...args] });
    await daemon.index(repository.root);
    const request = { repository: repository.root, path: 'app.py', prefix: BODY, suffix: '\n', maxTokens: 8 };
    await daemon.complete({ ...request, mode: RetrievalMode.NEVER });
    return daemon.complete(request);
  };

  it('decides, says why, and how many chunks are worth it', async () => {
    const { decision, context, finished } = await complete('--eagerness', 'eager');
    expect(decision).toMatchObject({ policy: 'classifier', outcome: DecisionOutcome.RETRIEVE });
    expect(decision.reason).toMatch(/^\d+ % chance to help, above 0 %: \d of \d+ chunks for \d+(\.\d)? ms$/);
    expect(decision.probability).toBeGreaterThan(0);
    expect(decision.chunks).toBeGreaterThan(0);
    expect(decision.chunks).toBeLessThanOrEqual(3);
    expect(context.outcome).toBe(ContextOutcome.USED);
    expect(context.chunks.length).toBeLessThanOrEqual(decision.chunks!);
    expect(finished.usage!.generated).toBeGreaterThan(0);
  });

  it('abstains from the same where time is dear', async () => {
    const { decision, context, finished } = await complete('--eagerness', 'thrifty');
    expect(decision).toMatchObject({ policy: 'classifier', outcome: DecisionOutcome.ABSTAIN });
    expect(decision.chunks).toBeUndefined();
    expect(decision.reason).toMatch(/^\d+ % chance to help, not above \d+ % for /);
    expect(context.outcome).not.toBe(ContextOutcome.USED);
    expect(finished.usage!.generated).toBeGreaterThan(0);
  });

  it.each([
    ['cut off', (text: string) => text.slice(0, -100), /policy\.json.* is not JSON/],
    [
      'of other features',
      (text: string) => text.replace('"bestScore"', '"worstScore"'),
      /policy\.json: features\.hole has not "bestScore"/,
    ],
    [
      'changed by hand',
      (text: string) => text.replace(/("free":)0\.\d+/, '$10.123456'),
      /policy\.json: golden/,
    ],
  ])('that is %s keeps the model from loading, and it is said why', async (_, damage, problem) => {
    const damaged = join(directory, 'damaged', 'policy.json');
    mkdirSync(join(directory, 'damaged'), { recursive: true });
    const text = readFileSync(policyFile, 'utf8');
    writeFileSync(damaged, damage(text));
    expect(readFileSync(damaged, 'utf8')).not.toBe(text);
    daemon = await Daemon.start({ args: ['--policy-file', damaged] });
    const failure: unknown = await daemon
      .complete({ path: 'app.py', prefix: 'x = ', suffix: '\n' })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ reason: 'MODEL_NOT_LOADED', message: expect.stringMatching(problem) });
    const up = await runCli(['up'], {
      env: {
        REPOFORMER_DATA_DIR: daemon.dataDirectory,
        REPOFORMER_SOCKET: daemon.address.slice('unix:'.length),
      },
    });
    expect(up.code).toBe(1);
    expect(up.stderr).toMatch(problem);
  });
});
