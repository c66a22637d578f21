import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Logger } from '../log/logger.js';
import { loadPolicy } from './load-policy.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-policy-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('loadPolicy', () => {
  const warnings: unknown[] = [];
  const logger = { warn: (facts: unknown) => void warnings.push(facts) } as unknown as Logger;

  it('takes a recommendation without a file as it is', async () => {
    const recommended = { policy: 'similarity', threshold: 0.3 };
    expect(await loadPolicy(undefined, recommended, logger)).toEqual({ recommended });
    expect(await loadPolicy(undefined, undefined, logger)).toEqual({});
    expect(warnings).toEqual([]);
  });

  it('does without a recommended file that is damaged, and says so', async () => {
    const file = join(directory, 'damaged.json');
    await writeFile(file, '{"schema": 1}');
    expect(await loadPolicy(undefined, { policy: 'classifier', file }, logger)).toEqual({});
    expect(warnings).toMatchObject([{ file }]);
  });

  it.each([
    ['that is not there', 'nowhere.json', /nowhere\.json cannot be read/],
    ['that is no policy', 'other.json', /other\.json/],
  ])('refuses a file of the user %s', async (_, name, message) => {
    const file = join(directory, name);
    if (name === 'other.json') await writeFile(file, 'not JSON');
    const failure = { kind: 'failed_precondition', reason: 'CONFIG_INVALID' };
    await expect(loadPolicy(file, undefined, logger)).rejects.toMatchObject(failure);
    await expect(loadPolicy(file, undefined, logger)).rejects.toThrow(message);
  });
});
