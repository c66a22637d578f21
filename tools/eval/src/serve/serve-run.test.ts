import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openServeRun, type ServeRun } from './serve-run.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-serve-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const RUN: ServeRun = {
  schema: 1,
  model: { name: 'm', sha256: '0', adapters: [] },
  placement: 'after-suffix',
  policy: { label: 'similarity' },
  eagerness: 'balanced',
  budgets: { prefixTokens: 1, suffixTokens: 1, contextTokens: 1 },
  modes: ['never', 'always'],
  threads: 1,
  seed: '1',
  machine: 'here',
};

it('a folder holds timings of one thing, and says of what', async () => {
  const out = join(directory, 'new');
  await openServeRun(out, RUN);
  await openServeRun(out, { ...RUN });
  await expect(openServeRun(out, { ...RUN, machine: 'there', threads: 2 })).rejects.toThrow(
    /another threads, machine; name another folder with --out/,
  );
});

it('a folder with something else is left alone', async () => {
  for (const text of ['not JSON', 'null', '[]']) {
    await writeFile(join(directory, 'run.json'), text);
    await expect(openServeRun(directory, RUN)).rejects.toMatchObject({ kind: 'invalid_argument' });
  }
});
