import { execFileSync } from 'node:child_process';
import { lstatSync, realpathSync, renameSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { IgnoreRules, WorkingTreeScan } from '@repoformer/domain';
import fc from 'fast-check';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { GitRepositoryOpener } from './git-repository-opener.js';
import type { GitRepositoryReader } from './git-repository-reader.js';
import { historyStep, RandomHistory } from './testing/random-history.js';
import { oidOf } from './testing/raw-objects.js';
import { Scratch } from './testing/scratch-repository.js';
import { propertyTestMs, propertyRuns } from './testing/test-size.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** Knows whole names of folders and files only: the syntax of ignore files is another library's. */
class NameRules implements IgnoreRules {
  private readonly names = new Map<string, Set<string>>();

  add(directory: string, text: string): void {
    this.names.set(
      directory,
      new Set([...(this.names.get(directory) ?? []), ...text.split('\n').filter(Boolean)]),
    );
  }

  isIgnored(path: string): boolean {
    return [...this.names].some(
      ([directory, names]) => path.startsWith(directory) && names.has(path.slice(directory.length)),
    );
  }
}

async function openReader(root: string): Promise<GitRepositoryReader> {
  const reader = await new GitRepositoryOpener().open(root);
  onTestFinished(() => reader.close());
  return reader;
}

const scanOf = async (reader: GitRepositoryReader, more: { maxReadBytes?: number; maxPaths?: number } = {}) =>
  (await reader.scanWorkingTree({
    ...{ maxFileBytes: 1 << 20, maxPaths: 10_000, maxReadBytes: 1 << 30, rules: new NameRules() },
    ...{ signal: new AbortController().signal, ...more },
  })) as WorkingTreeScan;

const plain = ({ files, deleted }: WorkingTreeScan) => ({
  files: Object.fromEntries(
    [...files].map(([path, entry]) => [path, 'oid' in entry ? entry.oid : entry.skip]),
  ),
  deleted: [...deleted].sort(),
});

/** The same by git's own account. */
function byGit(run: (args: readonly string[]) => Buffer, root: string): ReturnType<typeof plain> {
  const list = (...args: string[]): string[] =>
    run(['ls-files', '-z', ...args])
      .toString()
      .split('\0')
      .filter(Boolean);
  const isSafe = (path: string): boolean => !/[\t\n]/.test(path);
  const isRegular = (path: string): boolean => {
    try {
      return (
        lstatSync(join(root, path)).isFile() &&
        realpathSync(dirname(join(root, path))) === dirname(join(root, path))
      );
    } catch {
      return false;
    }
  };
  const staged = new Map<string, string>();
  /** Left out by a sparse checkout. */
  const absent = new Map<string, string>();
  /** Links and submodules, where a file may be by now. */
  const others: string[] = [];
  for (const line of list('--stage', '-t')) {
    const [, tag, mode, oid, path] = /^(\w) (\d+) (\w+) \d\t([^]+)$/.exec(line)!;
    if (!isSafe(path!)) continue;
    if (!mode!.startsWith('100')) others.push(path!);
    else (tag === 'S' ? absent : staged).set(path!, oid!);
  }
  const untracked = list('--others', '--exclude-standard').filter(
    (path) => !path.endsWith('/') && isSafe(path),
  );
  const files = Object.fromEntries([...absent].filter(([path]) => isRegular(path)));
  for (const path of [...staged.keys(), ...untracked, ...others].filter(isRegular))
    files[path] = run(['hash-object', '--no-filters', path]).toString().trim();
  return { files, deleted: [...staged.keys()].filter((path) => !(path in files)).sort() };
}

describe('the working tree', () => {
  it('is what git says it is, after anything', { timeout: propertyTestMs }, async () => {
    const step = historyStep
      .filter(({ kind }) => !/worktree|shallow|deepen|push|fetch/.test(kind))
      .map((one) =>
        // Line ends are another test's, and the syntax of ignore files.
        one.kind === 'rules' ? { kind: 'rules' as const, rule: ['.gitignore', 'dir-x.ts\n'] as never } : one,
      );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 24, size: 'max' }), async (steps) => {
        const history = new RandomHistory(scratch, 0);
        const reader = await new GitRepositoryOpener().open(history.root);
        try {
          for (const [n, one] of steps.entries()) {
            history.apply(one);
            if (n % 6 < 5) continue;
            // Twice: the second look knows what the first has read.
            for (let look = 0; look < 2; look++) {
              expect(plain(await scanOf(reader))).toEqual(
                byGit((args) => history.git(history.root, args), history.root),
              );
            }
          }
        } finally {
          reader.close();
          history.remove();
        }
      }),
      propertyRuns(8, 500),
    );
  });

  it('is read where git does not know, and what it held can be had', async () => {
    scratch.init('read');
    scratch.write('read/a.ts', 'one\n');
    scratch.commit('read');
    const reader = await openReader(scratch.path('read'));
    scratch.write('read/a.ts', 'two\n');
    scratch.write('read/new.ts', 'new\n');
    const two = oidOf('blob', Buffer.from('two\n'));
    expect(plain(await scanOf(reader)).files).toEqual({
      'a.ts': two,
      'new.ts': oidOf('blob', Buffer.from('new\n')),
    });
    expect(await reader.readBlob(two, 100)).toMatchObject({ kind: 'content' });
    expect(await reader.readBlob(two, 3)).toEqual({ kind: 'missing' });
    // Of the same size, within the same moment.
    scratch.write('read/a.ts', 'six\n');
    expect(await reader.readBlob(two, 100)).toEqual({ kind: 'missing' });
    expect(plain(await scanOf(reader)).files['a.ts']).toBe(oidOf('blob', Buffer.from('six\n')));
  });

  it('takes a file whose line ends alone differ for what is committed', async () => {
    scratch.init('crlf');
    scratch.write('crlf/a.ts', 'one\ntwo\n');
    scratch.commit('crlf');
    scratch.write('crlf/a.ts', 'one\r\ntwo\r\n');
    const { files } = plain(await scanOf(await openReader(scratch.path('crlf'))));
    expect(files['a.ts']).toBe(oidOf('blob', Buffer.from('one\ntwo\n')));
  });

  it('follows no link, waits for nothing, and leaves other repositories alone', async () => {
    scratch.init('links');
    scratch.write('outside/secret.ts', 'secret\n');
    for (const path of ['dir/a.ts', 'b.ts', 'c.ts']) scratch.write(`links/${path}`, `${path}\n`);
    scratch.commit('links');
    renameSync(scratch.path('links/dir'), scratch.path('moved'));
    symlinkSync(scratch.path('outside'), scratch.path('links/dir'));
    symlinkSync(scratch.path('outside/secret.ts'), scratch.path('outside/a.ts'));
    rmSync(scratch.path('links/b.ts'));
    symlinkSync('../outside/secret.ts', scratch.path('links/b.ts'));
    rmSync(scratch.path('links/c.ts'));
    execFileSync('mkfifo', [scratch.path('links/c.ts')]);
    execFileSync('mkfifo', [scratch.path('links/.gitignore')]);
    scratch.init('links/nested');
    scratch.write('links/nested/n.ts', 'nested\n');
    expect(plain(await scanOf(await openReader(scratch.path('links'))))).toEqual({
      files: {},
      deleted: ['b.ts', 'c.ts', 'dir/a.ts'],
    });
  });

  it('passes over what is ignored, but not the tracked files in it', async () => {
    scratch.init('ignored');
    for (const path of ['out/kept.ts', 'src/a.ts']) scratch.write(`ignored/${path}`, '\n');
    scratch.commit('ignored');
    scratch.write('ignored/.gitignore', 'out/\n');
    scratch.write('ignored/src/.gitignore', 'b.ts\n');
    scratch.write('ignored/.git/info/exclude', 'mine.ts\n');
    for (const path of ['out/built.ts', 'out/deep/x.ts', 'src/b.ts', 'src/c.ts', 'mine.ts'])
      scratch.write(`ignored/${path}`, 'x\n');
    const { files } = plain(await scanOf(await openReader(scratch.path('ignored'))));
    expect(Object.keys(files).sort()).toEqual([
      '.gitignore',
      'out/kept.ts',
      'src/.gitignore',
      'src/a.ts',
      'src/c.ts',
    ]);
  });

  it.each([
    ['version 4', ['update-index', '--index-version=4']],
    ['a split index', ['update-index', '--split-index']],
    ['a sparse checkout', ['sparse-checkout', 'set', 'kept']],
    ['a sparse index', ['sparse-checkout', 'set', '--sparse-index', 'kept']],
    ['no index', ['update-index', '--force-remove', 'kept/a.ts']],
  ])('reads with %s', async (name, command) => {
    const where = `index ${name}`;
    scratch.init(where);
    for (const path of ['kept/a.ts', 'left/b.ts', 'left/deep/c.ts'])
      scratch.write(`${where}/${path}`, `${path}\n`);
    scratch.commit(where);
    scratch.git(where, ...command);
    if (name === 'no index') rmSync(scratch.path(where, '.git/index'));
    const scan = plain(await scanOf(await openReader(scratch.path(where))));
    const all = name.includes('sparse') ? ['kept/a.ts'] : ['kept/a.ts', 'left/b.ts', 'left/deep/c.ts'];
    expect(Object.keys(scan.files).sort()).toEqual(all);
    expect(scan.files['kept/a.ts']).toBe(oidOf('blob', Buffer.from('kept/a.ts\n')));
    expect(scan.deleted).toEqual([]);
  });

  it.each([
    ['a sparse checkout', ['sparse-checkout', 'set', 'kept']],
    ['one that is to have more than it says', ['config', 'sparse.expectFilesOutsideOfPatterns', 'true']],
    ['none, but a note in the index', ['sparse-checkout', 'disable']],
  ])('takes a file that was written where one is left out as git does, by %s', async (name, command) => {
    const where = `left out ${name}`;
    scratch.init(where);
    for (const path of ['kept/a.ts', 'left/b.ts', 'left/c.ts'])
      scratch.write(`${where}/${path}`, `${path}\n`);
    scratch.commit(where);
    scratch.git(where, 'sparse-checkout', 'set', 'kept');
    const reader = await openReader(scratch.path(where));
    await scanOf(reader);
    scratch.git(where, ...command);
    if (name.startsWith('none')) scratch.git(where, 'update-index', '--skip-worktree', 'left/b.ts');
    scratch.write(`${where}/left/b.ts`, 'written\n');
    const scan = plain(await scanOf(reader));
    expect(scan).toEqual(byGit((args) => scratch.gitBytes(where, args), scratch.path(where)));
    const isRead = scan.files['left/b.ts'] === oidOf('blob', Buffer.from('written\n'));
    expect(isRead).toBe(name === 'a sparse checkout');
  });

  it('takes what has become something else where a file is left out for gone, as git does', async () => {
    scratch.init('replaced');
    for (const path of ['kept/a.ts', 'left/b.ts', 'left/c.ts', 'left/d.ts'])
      scratch.write(`replaced/${path}`, `${path}\n`);
    scratch.commit('replaced');
    scratch.git('replaced', 'sparse-checkout', 'set', 'kept');
    scratch.write('replaced/left/b.ts/inner.ts', 'inner\n');
    symlinkSync('../kept/a.ts', scratch.path('replaced/left/c.ts'));
    const scan = plain(await scanOf(await openReader(scratch.path('replaced'))));
    expect(scan).toEqual(byGit((args) => scratch.gitBytes('replaced', args), scratch.path('replaced')));
    expect(scan.deleted).toEqual(['left/b.ts', 'left/c.ts']);
  });

  it('takes an ignored file for tracked where a link was, and for nothing else', async () => {
    scratch.init('ignored link');
    for (const name of ['a.ts', 'still.ts']) symlinkSync('nowhere', scratch.path('ignored link', name));
    scratch.commit('ignored link');
    scratch.write('ignored link/.gitignore', 'a.ts\n');
    rmSync(scratch.path('ignored link/a.ts'));
    scratch.write('ignored link/a.ts', 'a\n');
    const reader = await openReader(scratch.path('ignored link'));
    // What the link was is never said to be the file's content.
    expect(plain(await scanOf(reader, { maxReadBytes: 0 }))).toEqual({ files: {}, deleted: [] });
    expect(plain(await scanOf(reader))).toEqual(
      byGit((args) => scratch.gitBytes('ignored link', args), scratch.path('ignored link')),
    );
  });

  it('does not look into a folder that is tracked as a submodule, though no repository is in it', async () => {
    scratch.init('submodule');
    scratch.init('submodule/sub');
    scratch.commit('submodule/sub');
    scratch.commit('submodule');
    rmSync(scratch.path('submodule/sub/.git'), { recursive: true });
    scratch.write('submodule/sub/a.ts', 'a\n');
    const scan = plain(await scanOf(await openReader(scratch.path('submodule'))));
    expect(scan).toEqual(byGit((args) => scratch.gitBytes('submodule', args), scratch.path('submodule')));
    expect(scan).toEqual({ files: {}, deleted: [] });
  });

  it('reads no more at a look than it may, and goes on at the next', async () => {
    scratch.init('bounded');
    for (const name of ['a', 'b', 'c']) scratch.write(`bounded/${name}.ts`, `${name}\n`.repeat(50));
    scratch.commit('bounded');
    const reader = await openReader(scratch.path('bounded'));
    for (const name of ['a', 'b', 'c'])
      scratch.write(`bounded/${name}.ts`, `${name.toUpperCase()}\n`.repeat(50));
    // Long ago, so that what was read is remembered at once.
    for (const name of ['a', 'b', 'c']) utimesSync(scratch.path(`bounded/${name}.ts`), 1, 1);
    const isNew = (files: Record<string, string>) =>
      ['a', 'b', 'c'].filter(
        (name) => files[`${name}.ts`] === oidOf('blob', Buffer.from(`${name.toUpperCase()}\n`.repeat(50))),
      );
    expect(isNew(plain(await scanOf(reader, { maxReadBytes: 150 })).files)).toHaveLength(2);
    await expect(scanOf(reader, { maxPaths: 2 })).rejects.toMatchObject({ kind: 'resource_exhausted' });
  });

  it('is none in a bare repository', async () => {
    scratch.init('bare.git', '--bare');
    expect(await scanOf(await openReader(scratch.path('bare.git')))).toBeUndefined();
  });
});
