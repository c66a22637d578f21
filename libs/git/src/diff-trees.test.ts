import { deflateSync } from 'node:zlib';
import type { TreeChange } from '@repoformer/domain';
import fc from 'fast-check';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { GitRepositoryOpener } from './git-repository-opener.js';
import { oidOf, treeOf, writeObject, writePack } from './testing/raw-objects.js';
import { Scratch } from './testing/scratch-repository.js';
import { LONG_TESTS, propertyRuns } from './testing/test-size.js';
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
      propertyRuns(15, 500),
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
  const writeTree = (where: string, entries: Parameters<typeof treeOf>[0]): string =>
    writeObject(scratch.path(where, '.git/objects'), 'tree', treeOf(entries));
  const writeBlob = (where: string, text: string): string =>
    writeObject(scratch.path(where, '.git/objects'), 'blob', Buffer.from(text));
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

  it('ends where directories are nested ten thousand deep', async () => {
    scratch.init('deep');
    let tree = writeTree('deep', [['100644', 'leaf', writeBlob('deep', 'x')]]);
    const trees = Array.from({ length: 10_000 }, () => {
      const data = treeOf([['40000', 'd', tree]]);
      tree = oidOf('tree', data);
      return { oid: tree, type: 2, sizeBytes: data.length, stream: deflateSync(data, { level: 1 }) };
    });
    writePack(scratch.path('deep/.git/objects'), trees);
    const reader = await open('deep');
    const commit = commitTree('deep', tree);
    const [change, ...others] = await collect(reader.diffTrees(undefined, commit));
    expect(others).toEqual([]);
    expect(change).toMatchObject({
      skip: 'unsafe_path',
      path: expect.stringMatching(/^(d\/){100}\\[0-9a-f]{16}\/$/),
    });
    expect(await collect(reader.diffTrees(commit, undefined))).toEqual([
      { path: change!.path, skippedBefore: 'unsafe_path' },
    ]);
  });

  it('keeps what it says of very long names short, and each its own', async () => {
    scratch.init('long');
    const blob = writeBlob('long', 'x');
    const huge = [Buffer.alloc(1 << 20, 'a'), Buffer.alloc((1 << 20) + 1, 'a')];
    const folder = writeTree('long', [
      ['100644', '\u{1f600}'.repeat(1000), blob],
      ['100644', `${'\u{1f600}'.repeat(999)}z`, blob],
    ]);
    const tree = writeTree('long', [
      ...huge.map((name) => ['100644', name, blob] as const),
      ['40000', 'b'.repeat(3000), folder],
    ]);
    const changes = await collect((await open('long')).diffTrees(undefined, commitTree('long', tree)));
    expect(new Set(changes.map(({ path }) => path)).size).toBe(4);
    for (const { path: shown, skip } of changes) {
      expect(skip).toBe('unsafe_path');
      expect(shown.length).toBeLessThan(500);
      expect(Buffer.from(shown, 'utf8').toString('utf8')).toBe(shown);
    }
  });

  it('tells apart all entries of a tree, and keeps count of them as they change', async () => {
    scratch.init('apart');
    const blob = writeBlob('apart', 'x');
    const inner = writeTree('apart', [['100644', 'x', blob]]);
    const bom = Buffer.from('\ufeffname');
    const names: (Buffer | string)[] = [
      'name',
      bom,
      'new\nline',
      'new',
      '.git',
      '',
      'a/',
      'a',
      'a\\x0a',
      'a\n',
    ];
    const entry = fc.tuple(
      fc.constantFrom('100644', '100755', '120000', '160000', '40000', '040000', '140000', '7', '100999', ''),
      fc.constantFrom(...names),
    );
    const versions = fc.array(fc.array(entry, { maxLength: 12 }), { minLength: 2, maxLength: 4 });
    const reader = await open('apart');
    await fc.assert(
      fc.asyncProperty(versions, async (trees) => {
        let former: string | undefined;
        const followed = new Map<string, string>();
        for (const entries of trees) {
          const tree = writeTree(
            'apart',
            entries.map(([mode, name]) => [mode, name, /^0?4/.test(mode) ? inner : blob] as const),
          );
          const commit = writeObject(
            scratch.path('apart/.git/objects'),
            'commit',
            Buffer.from(
              `tree ${tree}\nauthor A <a@example.org> 1 +0000\ncommitter A <a@example.org> 1 +0000\n\nx\n`,
            ),
          );
          for (const { path: at, after, skip } of await collect(reader.diffTrees(former, commit))) {
            if (after ?? skip) followed.set(at, (after ?? skip)!);
            else followed.delete(at);
          }
          former = commit;
          const whole = await collect(reader.diffTrees(undefined, commit));
          expect(new Map(whole.map((one) => [one.path, one.after ?? one.skip!]))).toEqual(followed);
          expect(followed.size).toBe(whole.length);
        }
      }),
      propertyRuns(100, 5000),
    );
  });

  it('refuses a large directory that is out of order', async () => {
    scratch.init('disorder');
    const blob = writeBlob('disorder', 'x');
    const tree = writeTree(
      'disorder',
      Array.from({ length: 20_000 }, (_, n) => ['100644', `${n}`, blob] as const),
    );
    await expect(
      collect((await open('disorder')).diffTrees(undefined, commitTree('disorder', tree))),
    ).rejects.toMatchObject({ kind: 'data_loss', message: expect.stringMatching(/order/) });
  });

  it('streams a tree that lists ten thousand million files, and stops when told', async () => {
    scratch.init('bomb');
    let tree = writeTree('bomb', [['100644', 'leaf', writeBlob('bomb', 'x')]]);
    for (let level = 0; level < 10; level++) {
      const below = tree;
      tree = writeTree(
        'bomb',
        Array.from({ length: 10 }, (_, n) => ['40000', `d${n}`, below] as const),
      );
    }
    let seen = 0;
    for await (const { path: at } of (await open('bomb')).diffTrees(undefined, commitTree('bomb', tree))) {
      expect(at).toMatch(/^(d\d\/){10}leaf$/);
      if (++seen === 5000) break;
    }
    expect(seen).toBe(5000);
  });

  it('finds the one changed file of a very large directory', async () => {
    scratch.init('wide');
    const count = LONG_TESTS ? 1_000_000 : 50_000;
    const [blob, other] = [writeBlob('wide', 'x'), writeBlob('wide', 'y')];
    const commits = [blob, other].map((changed) => {
      const names = Array.from({ length: count }, (_, n) => `file-${String(n).padStart(7, '0')}.ts`);
      const folder = writeTree(
        'wide',
        names.map((name, n) => ['100644', name, n === 777 ? changed : blob] as const),
      );
      return commitTree('wide', writeTree('wide', [['40000', 'wide', folder]]));
    });
    const reader = await open('wide');
    let turns = 0;
    const watch = setInterval(() => turns++, 1);
    const changes = await collect(reader.diffTrees(commits[0], commits[1]));
    let listed = 0;
    for await (const { after } of reader.diffTrees(undefined, commits[0])) if (after === blob) listed++;
    clearInterval(watch);
    expect(changes).toEqual([{ path: 'wide/file-0000777.ts', before: blob, after: other }]);
    expect(listed).toBe(count);
    // The thread was given up now and then.
    expect(turns).toBeGreaterThan(1);
    expect(await reader.findBlob(commits[1]!, 'wide/file-0000777.ts')).toBe(other);
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
