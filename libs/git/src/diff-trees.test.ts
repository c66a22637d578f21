import type { TreeChange } from '@repoformer/domain';
import fc from 'fast-check';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { GitRepositoryOpener } from './git-repository-opener.js';
import { Scratch } from './testing/scratch-repository.js';
import { escapeName } from './tree.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

async function open(where: string) {
  const reader = await new GitRepositoryOpener().open(scratch.path(where));
  onTestFinished(() => reader.close());
  return reader;
}

async function collect(changes: AsyncIterable<TreeChange>): Promise<TreeChange[]> {
  const all: TreeChange[] = [];
  for await (const change of changes) all.push(change);
  return all;
}

/** `git diff-tree -r` in this library's terms: a change of executable bit alone is left out. */
function gitChanges(where: string, from: string, to: string): TreeChange[] {
  const fields = scratch.git(where, 'diff-tree', '-r', '-z', '--no-renames', from, to).split('\0');
  const changes: TreeChange[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [oldMode, newMode, before, after] = fields[i]!.slice(1).split(' ') as [
      string,
      string,
      string,
      string,
    ];
    const sides = [oldMode, newMode].map((mode) => mode.slice(0, 3));
    if (before === after && sides[0] === sides[1]) continue;
    const skips = { '120': 'symlink', '160': 'submodule' } as const;
    const skipOf = (side: string) => skips[side as keyof typeof skips];
    changes.push({
      path: fields[i + 1]!,
      ...(sides[0] === '100' && { before }),
      ...(sides[1] === '100' && { after }),
      ...(skipOf(sides[0]!) && { skippedBefore: skipOf(sides[0]!) }),
      ...(skipOf(sides[1]!) && { skip: skipOf(sides[1]!) }),
    });
  }
  return changes;
}

const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** Names that sort differently as a file and as a directory, and beyond ASCII. */
const name = fc.constantFrom('a', 'a.b', 'a-b', 'a0', 'b', 'é', '日本', 'ﬀ', '😀', 'sp ace', 'quo"te');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));
const node = fc.record({
  mode: fc.constantFrom('100644', '100644', '100755', '120000', '160000'),
  content: fc.nat(3),
});
const history = fc.array(fc.dictionary(path, node, { maxKeys: 14 }), { minLength: 2, maxLength: 6 });

/** Writes the histories' trees with fast-import; a path that another one runs through is dropped, as git does. */
function importHistory(
  where: string,
  versions: Record<string, { mode: string; content: number }>[],
): string[] {
  const lines = [0, 1, 2, 3].map((content) => `blob\nmark :${content + 1}\ndata 2\n${content}\n`);
  versions.forEach((files, version) => {
    lines.push(
      `commit refs/heads/h\nmark :${100 + version}\ncommitter A <a@example.org> ${version} +0000\ndata 1\nm`,
    );
    lines.push('deleteall');
    for (const [file, { mode, content }] of Object.entries(files)) {
      const value = mode === '160000' ? `${content + 1}`.repeat(40) : `:${content + 1}`;
      lines.push(`M ${mode} ${value} "${file.replaceAll('"', '\\"')}"`);
    }
    lines.push('');
  });
  scratch.gitBytes(where, ['fast-import', '--quiet', '--force'], `${lines.join('\n')}\n`);
  return scratch.git(where, 'rev-list', '--reverse', 'h').split('\n');
}

describe('diffTrees', () => {
  it('equals git diff-tree on random histories, in order', async () => {
    scratch.init('random');
    const reader = await open('random');
    await fc.assert(
      fc.asyncProperty(history, fc.nat(), async (versions, seed) => {
        const commits = importHistory('random', versions);
        const from = commits[seed % commits.length]!;
        const to = commits.at(-1)!;
        expect(await collect(reader.diffTrees(from, to))).toEqual(gitChanges('random', from, to));
        expect(await collect(reader.diffTrees(undefined, to))).toEqual(gitChanges('random', EMPTY_TREE, to));
        expect(await collect(reader.diffTrees(to, undefined))).toEqual(gitChanges('random', to, EMPTY_TREE));
      }),
      { numRuns: 15, seed: 20260101 },
    );
  });

  it('stops when its signal is aborted', async () => {
    scratch.init('aborted');
    for (const file of ['a', 'b', 'c']) scratch.write(`aborted/${file}`, file);
    const commit = scratch.commit('aborted');
    const controller = new AbortController();
    const seen: string[] = [];
    const reader = await open('aborted');
    const run = async (): Promise<void> => {
      for await (const change of reader.diffTrees(undefined, commit, controller.signal)) {
        seen.push(change.path);
        controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ kind: 'cancelled' });
    expect(seen).toEqual(['a']);
  });
});

describe('hostile trees', () => {
  /** Writes a tree object byte by byte, as no git command would. */
  const writeTree = (
    where: string,
    entries: readonly (readonly [string, Buffer | string, string])[],
  ): string => {
    const parts = entries.flatMap(([mode, bytes, oid]) => [
      Buffer.from(`${mode} `),
      Buffer.from(bytes as string),
      Buffer.from([0]),
      Buffer.from(oid, 'hex'),
    ]);
    return scratch
      .gitBytes(where, ['hash-object', '-w', '-t', 'tree', '--literally', '--stdin'], Buffer.concat(parts))
      .toString()
      .trim();
  };
  const commitTree = (where: string, tree: string): string =>
    scratch.git(where, 'commit-tree', tree, '-m', 'x');

  it('reports unsafe names without descending, and reads the rest', async () => {
    scratch.init('hostile');
    const blob = scratch.gitBytes('hostile', ['hash-object', '-w', '--stdin'], 'x').toString().trim();
    const inner = writeTree('hostile', [['100644', 'passwd', blob]]);
    const names = [
      '..',
      '.',
      '.git',
      '.GIT',
      '.gIt',
      '',
      '/etc',
      'a/b',
      'a\\b',
      'new\nline',
      'esc\x1b[0m',
      'c1\u0085',
    ];
    const tree = writeTree('hostile', [
      ['100644', 'good', blob],
      ['100664', 'old-mode', blob],
      ['140000', 'socket', blob],
      ['40000', 'sub', inner],
      ['100644', Buffer.from([0x66, 0xff]), blob],
      ...names.map(
        (unsafe, index) => [index % 2 ? '100644' : '40000', unsafe, index % 2 ? blob : inner] as const,
      ),
    ]);
    const commit = commitTree('hostile', tree);
    const reader = await open('hostile');
    const changes = await collect(reader.diffTrees(undefined, commit));
    expect(changes.filter((change) => change.after).map((change) => change.path)).toEqual([
      'good',
      'old-mode',
      'sub/passwd',
    ]);
    const skipped = changes.filter((change) => change.skip);
    expect(skipped).toHaveLength(names.length + 2);
    for (const { path: where, skip } of skipped) {
      expect(skip).toBe('unsafe_path');
      expect(where).toMatch(/^[\x20-\x7e]+$/);
      expect(where.split('/')).not.toContain('..');
    }
    expect(new Set(skipped.map((change) => change.path)).size).toBe(skipped.length);
    expect(await collect(reader.diffTrees(commit, undefined))).toHaveLength(changes.length);
    expect(await reader.findBlob(commit, '../passwd')).toBeUndefined();
    expect(await reader.findBlob(commit, escapeName('..') + '/passwd')).toBeUndefined();
  });

  it('does not depend on the order in which a tree lists its entries', async () => {
    scratch.init('unsorted');
    const blobs = ['1', '2'].map((text) =>
      scratch.gitBytes('unsorted', ['hash-object', '-w', '--stdin'], text).toString().trim(),
    ) as [string, string];
    const sorted = writeTree('unsorted', [
      ['100644', 'a', blobs[0]],
      ['100644', 'b', blobs[0]],
      ['100644', 'c', blobs[0]],
    ]);
    const unsorted = writeTree('unsorted', [
      ['100644', 'c', blobs[0]],
      ['100644', 'a', blobs[0]],
      ['100644', 'b', blobs[1]],
      ['100644', 'a', blobs[1]],
    ]);
    const reader = await open('unsorted');
    const commits = [sorted, unsorted].map((tree) => commitTree('unsorted', tree));
    expect(await collect(reader.diffTrees(commits[0], commits[1]))).toEqual([
      { path: 'b', before: blobs[0], after: blobs[1] },
    ]);
  });

  it('survives endless nesting', async () => {
    scratch.init('nested');
    const blob = scratch.gitBytes('nested', ['hash-object', '-w', '--stdin'], 'x').toString().trim();
    const long = 'd'.repeat(250);
    let tree = writeTree('nested', [['100644', 'leaf', blob]]);
    for (let depth = 0; depth < 20; depth++) tree = writeTree('nested', [['40000', long, tree]]);
    const changes = await collect((await open('nested')).diffTrees(undefined, commitTree('nested', tree)));
    expect(changes).toMatchObject([{ skip: 'unsafe_path' }]);
  });

  it('says that a tree is missing or damaged', async () => {
    scratch.init('broken');
    const missing = writeTree('broken', [['40000', 'gone', 'f'.repeat(40)]]);
    const reader = await open('broken');
    await expect(collect(reader.diffTrees(undefined, commitTree('broken', missing)))).rejects.toMatchObject({
      kind: 'not_found',
      reason: 'OBJECT_MISSING',
    });
    const damaged = scratch
      .gitBytes('broken', ['hash-object', '-w', '-t', 'tree', '--literally', '--stdin'], '100644 cut\0off')
      .toString()
      .trim();
    await expect(collect(reader.diffTrees(undefined, commitTree('broken', damaged)))).rejects.toMatchObject({
      kind: 'data_loss',
      reason: 'OBJECT_CORRUPT',
    });
  });
});
