import { renameSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { GitRepositoryOpener } from './git-repository-opener.js';
import { watchHead } from './head-watcher.js';
import { Scratch } from './testing/scratch-repository.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

let number = 0;
let name: string;

beforeEach(() => {
  name = `repo ${++number}`;
  scratch.init(name);
});

/** Watches with the given poll; without one, with a poll so slow that only events can explain a result. */
async function watch(where: string, pollMs = 600_000) {
  const reader = await new GitRepositoryOpener().open(scratch.path(where));
  const controller = new AbortController();
  onTestFinished(() => {
    controller.abort();
    reader.close();
  });
  const seen: (string | undefined)[] = [];
  await watchHead(
    reader,
    (head) => {
      seen.push(head);
      throw new Error('a receiver that fails');
    },
    controller.signal,
    { pollMs, debounceMs: 5 },
  );
  return { seen, controller };
}

const lastOf = (seen: readonly unknown[], expected: unknown): Promise<void> =>
  vi.waitFor(() => expect(seen.at(-1)).toBe(expected), { timeout: 10_000, interval: 10 });

describe('watchHead', () => {
  it('sees the first commit, later ones, reset, checkout and amend by events', async () => {
    const { seen, controller } = await watch(name);
    const first = scratch.commit(name);
    await lastOf(seen, first);
    const second = scratch.commit(name, 'second');
    await lastOf(seen, second);
    scratch.git(name, 'reset', '-q', '--hard', 'HEAD~1');
    await lastOf(seen, first);
    scratch.git(name, 'checkout', '-q', '--detach', second);
    await lastOf(seen, second);
    scratch.git(name, 'commit', '-q', '--amend', '--allow-empty', '-m', 'amended');
    await lastOf(seen, scratch.git(name, 'rev-parse', 'HEAD'));
    controller.abort();
    const count = seen.length;
    scratch.commit(name, 'late');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(seen).toHaveLength(count);
  });

  it('sees a commit in a linked worktree, and only in the worktree it watches', async () => {
    const first = scratch.commit(name);
    scratch.git(name, 'worktree', 'add', '-q', '-b', 'tree', `../tree ${number}`);
    const main = await watch(name);
    const tree = await watch(`tree ${number}`);
    const commit = scratch.commit(`tree ${number}`);
    await lastOf(tree.seen, commit);
    expect(main.seen).toEqual([]);
    expect(scratch.git(name, 'rev-parse', 'HEAD')).toBe(first);
  });

  it('finds by polling what no event tells: a fetch into a bare repository', async () => {
    const first = scratch.commit(name);
    scratch.git('.', 'clone', '-q', '--bare', name, `bare ${number}.git`);
    const { seen } = await watch(`bare ${number}.git`, 30);
    const second = scratch.commit(name, 'second');
    expect(second).not.toBe(first);
    scratch.git(`bare ${number}.git`, 'fetch', '-q', `../${name}`, 'main:main');
    await lastOf(seen, second);
  });

  it('survives the git directory going away and coming back', async () => {
    scratch.commit(name);
    const { seen } = await watch(name, 30);
    renameSync(scratch.path(name, '.git'), scratch.path(name, 'away'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen).toEqual([]);
    renameSync(scratch.path(name, 'away'), scratch.path(name, '.git'));
    const commit = scratch.commit(name, 'back');
    await lastOf(seen, commit);
  });
});
