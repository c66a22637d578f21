import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SIMILARITY_THRESHOLD } from '@repoformer/policy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sketchHoleRecord, sketchLabel, sketchPolicy } from '../testing.js';
import { ownPolicies } from './own-policies.js';
import { readSettings } from './read-settings.js';

let directory: string;
let file: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-own-'));
  file = join(directory, 'policy.json');
  await writeFile(file, JSON.stringify(sketchPolicy()));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const MODEL = { recommended: undefined, sharesPrefix: true, selfSelecting: false };
const judged = async (
  flags: Record<string, string>,
  model: Partial<Parameters<typeof ownPolicies>[1]> = {},
) => {
  const settings = await readSettings(flags, { XDG_CONFIG_HOME: directory });
  const { policies, notes } = await ownPolicies(settings, { ...MODEL, ...model }, [], 0.5);
  return { labels: policies.map(({ spec }) => spec.label), policies, notes };
};

const SIMILARITY = `similarity > ${DEFAULT_SIMILARITY_THRESHOLD}`;

describe('ownPolicies', () => {
  it('judges first what decides in the daemon', async () => {
    const classifier = { policy: 'classifier', file };
    expect((await judged({})).labels).toEqual([SIMILARITY, 'always 1 chunk']);
    expect((await judged({}, { selfSelecting: true })).labels[0]).toBe('self > 0.3');
    expect((await judged({}, { recommended: classifier })).labels).toEqual([
      'classifier',
      'classifier, priced',
      SIMILARITY,
      'always 1 chunk',
    ]);
    expect((await judged({ policy: 'similarity' }, { recommended: classifier })).labels[0]).toBe(SIMILARITY);
    expect((await judged({ policy: 'self-greedy' }, { selfSelecting: true })).labels[0]).toBe('self, greedy');
    expect((await judged({ policy: 'always' })).labels).toEqual([SIMILARITY, 'always 1 chunk']);
  });

  it('by the threshold that is set, which is of the policy that decides and of no other', async () => {
    expect((await judged({ threshold: '0.4' })).labels[0]).toBe('similarity > 0.4');
    expect((await judged({}, { recommended: { policy: 'similarity', threshold: 0.35 } })).labels[0]).toBe(
      'similarity > 0.35',
    );
    const { policies, labels } = await judged(
      { threshold: '0.9' },
      { recommended: { policy: 'classifier', file } },
    );
    expect(labels).toContain(SIMILARITY);
    expect(policies[0]!.spec.threshold).toBe(0.9);
  });

  it('prices chunks as the daemon does, by eagerness', async () => {
    const recommended = { policy: 'classifier', file };
    const sketch = { id: 'h', completions: ['', ''] };
    const hole = sketchHoleRecord(sketch);
    const similar = hole.features.hole.map(() => 0.9);
    const record = { ...hole, features: { ...hole.features, hole: similar } };
    const chosen = async (eagerness: string) =>
      (await judged({ eagerness }, { recommended })).policies[1]!.says(record, sketchLabel(sketch));
    expect(await chosen('eager')).toBe(1);
    expect((await judged({}, { recommended })).policies[1]!.spec.says).toBe('chunks');
  });

  it('says that another model’s word is not heard', async () => {
    const { labels, notes } = await judged({ 'policy-model': 'repoformer-nano' }, { selfSelecting: true });
    expect(labels).not.toContain('self > 0.3');
    expect(notes).toEqual([expect.stringContaining('policy-model')]);
  });
});
