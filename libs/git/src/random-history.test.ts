import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { GitRepositoryOpener } from './git-repository-opener.js';
import { compareObjects } from './testing/compare-objects.js';
import { historyStep, RandomHistory, type HistoryStep } from './testing/random-history.js';
import { Scratch } from './testing/scratch-repository.js';
import { StepEffects } from './testing/step-effects.js';
import { LONG_TESTS, propertyTestMs, propertyRuns } from './testing/test-size.js';
import { escapeName } from './tree.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** What git lists for HEAD: path, and oid or kind of what is there. */
function listedByGit(history: RandomHistory, root: string): Map<string, string> {
  if (history.head(root) === undefined) return new Map();
  const listing = history.git(root, ['ls-tree', '-r', '-z', '--full-tree', 'HEAD']).toString();
  const kinds: Record<string, string> = { '120000': 'symlink', '160000': 'submodule' };
  return new Map(
    listing
      .split('\0')
      .filter(Boolean)
      .map((line) => {
        const [, mode, oid, path] = /^(\d+) \w+ ([0-9a-f]+)\t([^]+)$/.exec(line)!;
        return [...(unsafe(path!) ?? [path!, kinds[mode!] ?? oid!])] as [string, string];
      }),
  );
}

/** Tabs and line ends make a name unsafe: it is spelt out, and what is in a folder of such a name is left out with it. */
function unsafe(path: string): [string, string] | undefined {
  const names = path.split('/');
  const at = names.findIndex((name) => /[\t\n]/.test(name));
  if (at < 0) return undefined;
  const shown = [...names.slice(0, at), escapeName(names[at]!)].join('/');
  return [at < names.length - 1 ? `${shown}/` : shown, 'unsafe_path'];
}

const write = (path: string, content: string): HistoryStep => ({ kind: 'write', path, content });
const commit: HistoryStep = { kind: 'commit' };

/** Each kind of step where it does what it is for: so few runs as a short test has leave many out. */
const EVERY_KIND: readonly (readonly HistoryStep[])[] = [
  [
    write('vendor/v.ts', 'v\n'),
    write('dir-x.ts', 'x\n'.repeat(9)),
    { kind: 'rules', rule: ['.gitignore', 'dir/deep/\n'] },
    commit,
    { kind: 'symlink', path: 'link', target: 'a.ts' },
    { kind: 'submodule', path: 'sub' },
    { kind: 'copy', path: 'a.ts', to: 'b.ts' },
    commit,
    { kind: 'submodule-commit' },
    { kind: 'chmod', path: 'b.ts' },
    { kind: 'remove', path: 'vendor/v.ts' },
    commit,
    { kind: 'rename', path: 'dir-x.ts', to: 'A.ts' },
    commit,
    { kind: 'cherry-pick', branch: 'topic' },
    { kind: 'merge', branch: 'topic' },
    write('a.ts', 'amended\n'),
    { kind: 'amend' },
    write('a.ts', 'stashed\n'),
    { kind: 'stash' },
    { kind: 'stash-pop' },
    commit,
    { kind: 'sparse', on: true },
    { kind: 'sparse', on: false },
    { kind: 'switch', branch: 'side' },
    write('b.ts', 'side\n'),
    commit,
    { kind: 'rebase', branch: 'topic' },
    { kind: 'branch', branch: 'topic' },
    { kind: 'gc' },
    write('b.ts', 'gone\n'),
    commit,
    { kind: 'pack-refs' },
    { kind: 'commit-graph' },
    { kind: 'repack' },
    { kind: 'reset-soft', back: 1 },
    { kind: 'reset-hard', back: 1 },
    { kind: 'multi-pack-index' },
    { kind: 'expire' },
    { kind: 'loosen' },
    { kind: 'prune-packed' },
    { kind: 'push' },
    { kind: 'fetch' },
    { kind: 'force-push' },
    { kind: 'worktree-add' },
    { kind: 'worktree-move' },
    { kind: 'worktree-remove' },
    { kind: 'detach', back: 1 },
    { kind: 'orphan', branch: 'side' },
    write('b.ts', 'orphan\n'),
    commit,
  ],
  [{ kind: 'deepen' }, { kind: 'repack' }],
  [{ kind: 'unshallow' }, { kind: 'repack' }],
];

describe('a repository through random histories', () => {
  it(
    'is read as git reads it, by a reader that was open all the time',
    { timeout: propertyTestMs },
    async () => {
      const effects = new StepEffects();
      await fc.assert(
        fc.asyncProperty(
          fc.array(historyStep, { minLength: 8, maxLength: 40, size: 'max' }),
          fc.constantFrom(0, 0, 2),
          async (steps, shallow) => {
            const history = new RandomHistory(scratch, shallow);
            const reader = await new GitRepositoryOpener().open(history.root);
            try {
              let former = await reader.readHead();
              const known = new Map<string, string>();
              for await (const { path, after, skip } of reader.diffTrees(undefined, former))
                known.set(path, after ?? skip!);
              for (const [n, step] of steps.entries()) {
                effects.apply(history, step);
                if (n % 8 < 7 && n < steps.length - 1) continue;
                const head = await reader.readHead();
                const isGone =
                  former !== undefined && (await reader.readTreeOid(former).catch(() => true)) === true;
                if (isGone) known.clear();
                for await (const { path, after, skip } of reader.diffTrees(
                  isGone ? undefined : former,
                  head,
                )) {
                  if (after ?? skip) known.set(path, (after ?? skip)!);
                  else known.delete(path);
                }
                former = head;
                expect(head).toBe(history.head());
                expect(known).toEqual(listedByGit(history, history.root));
              }
              for (const root of history.roots) {
                const own = await new GitRepositoryOpener().open(root);
                expect(await own.readHead()).toBe(history.head(root));
                own.close();
              }
              expect(await compareObjects((...run) => history.git(history.root, ...run))).toBeGreaterThan(0);
            } finally {
              reader.close();
              history.remove();
            }
          },
        ),
        {
          ...propertyRuns(11, 1000),
          examples: LONG_TESTS ? [] : EVERY_KIND.map((steps, n) => [[...steps], n === 0 ? 0 : 2]),
        },
      );
      // Steps that git refuses, or that find nothing to do, are passed over: not always the same ones.
      expect(effects.missing()).toEqual([]);
    },
  );
});
