import { openSyntax } from '@repoformer/syntax';
import { expect, it } from 'vitest';
import { pythonRepository, typescriptRepository } from './fixtures.js';
import { repoEvalTasks } from './repo-eval-tasks.js';

const syntax = await openSyntax();
const repository = () => ({
  name: 'local:shop',
  split: 'benchmark' as const,
  files: [...pythonRepository(), ...typescriptRepository()],
});
const tasks = (count: number, seed = 's') => repoEvalTasks(repository(), { seed, count, syntax });

it('gives whole lines, calls and bodies in the proportions of RepoEval', async () => {
  const some = await tasks(19);
  const count = (kind: string) => some.filter((task) => task.kind === kind).length;
  expect([count('line'), count('call'), count('function')].toSorted((a, b) => b - a)).toEqual([9, 8, 2]);
  for (const { prefix, middle, suffix, split } of some) {
    expect(split).toBe('benchmark');
    expect(prefix.slice(prefix.lastIndexOf('\n') + 1).trim()).toBe('');
    expect(suffix).toMatch(/^\s*?(\n|$)/);
    expect(middle).toBe(middle.trim());
  }
});

it('asks for lines of five tokens or more', async () => {
  const lines = (await tasks(1_000)).filter(({ kind }) => kind === 'line').map(({ middle }) => middle);
  expect(lines.length).toBeGreaterThan(30);
  expect(lines).toContain('price = price * Decimal("0.9")');
  expect(lines).not.toContain('import json');
  expect(lines).not.toContain('return folder');
});

it('is the same for the same seed, and fewer are the first of more', async () => {
  const all = await tasks(1_000);
  expect(await tasks(12)).toEqual(all.slice(0, 12));
  expect((await tasks(12, 'other')).map(({ id }) => id)).not.toEqual(all.slice(0, 12).map(({ id }) => id));
  expect(await tasks(0)).toEqual([]);
  await expect(tasks(1.5)).rejects.toMatchObject({ reason: 'INVALID_REQUEST' });
});
