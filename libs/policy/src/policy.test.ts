import { AppError } from '@repoformer/domain';
import { describe, expect, it } from 'vitest';
import { choosePolicy, DEFAULT_SIMILARITY_THRESHOLD, isPolicy, type PolicyChoice } from './choose-policy.js';
import type { PolicyEvidence, RetrievalPolicy } from './policy.js';

function policy(choice: Partial<PolicyChoice>): RetrievalPolicy {
  const chosen = choosePolicy({ name: 'auto', selfSelecting: true, ...choice });
  if (!isPolicy(chosen)) throw new Error('forced');
  return chosen;
}

describe('policies', () => {
  it.each<[string, Partial<PolicyChoice>, PolicyEvidence, number | undefined, string, number | undefined]>([
    ['similarity above', { name: 'similarity' }, { scores: [0.31, 0.1] }, 0.3, 'retrieve', 0.31],
    ['similarity at the threshold', { name: 'similarity' }, { scores: [0.3] }, 0.3, 'abstain', 0.3],
    ['similarity without hits', { name: 'similarity' }, { scores: [] }, 0.3, 'abstain', 0],
    ['similarity without an answer', { name: 'similarity' }, {}, 0.3, 'abstain', 0],
    ['self above', { name: 'self' }, { self: { probability: 0.41, isArgmax: false } }, 0.4, 'retrieve', 0.41],
    [
      'self below, though argmax',
      { name: 'self' },
      { self: { probability: 0.39, isArgmax: true } },
      0.4,
      'abstain',
      0.39,
    ],
    ['self without an answer', { name: 'self' }, {}, 0.4, 'abstain', undefined],
    [
      'greedy, argmax',
      { name: 'self-greedy' },
      { self: { probability: 0.2, isArgmax: true } },
      undefined,
      'retrieve',
      0.2,
    ],
    [
      'greedy, not argmax',
      { name: 'self-greedy' },
      { self: { probability: 0.45, isArgmax: false } },
      undefined,
      'abstain',
      0.45,
    ],
    [
      'greedy with a threshold',
      { name: 'self-greedy' },
      { self: { probability: 0.2, isArgmax: false } },
      0.1,
      'retrieve',
      0.2,
    ],
  ])('%s', (_, choice, evidence, threshold, outcome, probability) => {
    const decision = policy(choice).decide(evidence, threshold);
    expect(decision.outcome).toBe(outcome);
    expect(decision.probability).toBe(probability);
    expect(decision.policy).toBe(choice.name);
    expect(decision.reason).not.toBe('');
  });

  it('auto takes the model’s recommendation, then its token, then similarity', () => {
    const recommended = { policy: 'similarity', threshold: 0.42 };
    expect(policy({ recommended })).toMatchObject({ name: 'similarity', defaultThreshold: 0.42 });
    expect(policy({})).toMatchObject({ name: 'self', defaultThreshold: 0.3 });
    expect(policy({ selfSelecting: false })).toMatchObject({
      name: 'similarity',
      defaultThreshold: DEFAULT_SIMILARITY_THRESHOLD,
    });
    expect(policy({ recommended, threshold: 0.1 })).toMatchObject({ defaultThreshold: 0.1 });
    expect(policy({ name: 'self', recommended })).toMatchObject({ name: 'self', defaultThreshold: 0.3 });
  });

  it('always and never are decisions, without a probability', () => {
    const choice = { selfSelecting: false };
    expect(choosePolicy({ ...choice, name: 'always' })).toMatchObject({
      outcome: 'retrieve',
      policy: 'always',
    });
    expect(choosePolicy({ ...choice, name: 'never' })).toMatchObject({ outcome: 'abstain', policy: 'never' });
  });

  it.each([
    ['self', 'POLICY_UNSUPPORTED_BY_MODEL'],
    ['coin', 'POLICY_UNKNOWN'],
  ])('refuses "%s" for a model without the token: %s', (name, reason) => {
    expect(() => choosePolicy({ name, selfSelecting: false })).toThrow(AppError);
    expect(() => choosePolicy({ name, selfSelecting: false })).toThrow(expect.objectContaining({ reason }));
  });
});
