import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { AppError } from '@repoformer/domain';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { GitRepositoryOpener } from './git-repository-opener.js';
import type { GitRepositoryReader } from './git-repository-reader.js';
import { Scratch } from './testing/scratch-repository.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

async function open(where: string): Promise<GitRepositoryReader> {
  const reader = await new GitRepositoryOpener().open(scratch.path(where));
  onTestFinished(() => reader.close());
  return reader;
}

/** A repository of one commit. */
function repository(name: string): string {
  scratch.init(name);
  scratch.write(`${name}/a.ts`, 'a\n');
  return scratch.commit(name);
}

async function filesOf(reader: GitRepositoryReader): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { path, after, skip } of reader.diffTrees(undefined, await reader.readHead())) {
    const content = after === undefined ? undefined : await reader.readBlob(after, 1 << 20);
    files[path] =
      content?.kind === 'content' ? Buffer.from(content.bytes).toString() : (skip ?? content!.kind);
  }
  return files;
}

async function refusalOf(where: string): Promise<AppError> {
  const error: unknown = await open(where)
    .then((reader) => reader.readHead())
    .then(
      (head) => `HEAD is ${head}`,
      (reason: unknown) => reason,
    );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

describe('what was left behind or is missing', () => {
  it('does not wait for locks', async () => {
    const commit = repository('locks');
    for (const lock of [
      'index.lock',
      'HEAD.lock',
      'packed-refs.lock',
      'refs/heads/main.lock',
      'config.lock',
      'shallow.lock',
    ])
      scratch.write(`locks/.git/${lock}`, '');
    expect(await (await open('locks')).readHead()).toBe(commit);
    expect(await filesOf(await open('locks'))).toEqual({ 'a.ts': 'a\n' });
  });

  it('reads on where alternates lead nowhere, to a file, a device, a circle or thousands of places', async () => {
    const commit = repository('nowhere');
    const lines = [
      ...['/nowhere/objects', '../../a.ts', '/dev/zero', '', '.', '"bro\\"ken', 'x\0y', '/proc/self'],
      ...Array.from({ length: 5000 }, (_, n) => `../../missing-${n}`),
    ];
    scratch.write('nowhere/.git/objects/info/alternates', lines.join('\n'));
    const reader = await open('nowhere');
    expect(await reader.readHead()).toBe(commit);
    expect(await filesOf(reader)).toEqual({ 'a.ts': 'a\n' });
  });
});

describe('references', () => {
  it.each([
    ['empty', ''],
    ['garbage', 'garbage\n'],
    ['binary', '\xff\0\xfe'],
    ['a name outside refs', 'ref: config\n'],
    ['a path out of the repository', 'ref: refs/../../../outside\n'],
    ['an absolute path', 'ref: /etc/passwd\n'],
    ['itself', 'ref: HEAD\n'],
    ['a circle', 'ref: refs/heads/one\n'],
    ['a long chain', 'ref: refs/heads/c0\n'],
    ['a branch that is a FIFO', 'ref: refs/heads/fifo\n'],
    ['a branch that is damaged', 'ref: refs/heads/damaged\n'],
    ['a branch that links to a file elsewhere', 'ref: refs/heads/link\n'],
    ['a SHA-256', `${'a'.repeat(64)}\n`],
    ['a mebibyte', 'x'.repeat(1 << 20)],
  ])('HEAD names %s: refused with what to do', async (_, head) => {
    const where = `head-${Buffer.from(head.slice(0, 24)).toString('hex')}`;
    const commit = repository(where);
    scratch.write('outside', `${commit}\n`);
    const heads = `${where}/.git/refs/heads`;
    scratch.write(`${heads}/one`, 'ref: refs/heads/two\n');
    scratch.write(`${heads}/two`, 'ref: refs/heads/one\n');
    for (let n = 0; n < 40; n++) scratch.write(`${heads}/c${n}`, `ref: refs/heads/c${n + 1}\n`);
    scratch.write(`${heads}/damaged`, 'no commit');
    symlinkSync('/etc/passwd', scratch.path(`${heads}/link`));
    execFileSync('mkfifo', [scratch.path(`${heads}/fifo`)]);
    scratch.write(`${where}/.git/HEAD`, head);
    const error = await refusalOf(where);
    expect(error.reason).toMatch(/REPOSITORY_UNREADABLE|NOT_A_REPOSITORY/);
    expect(error.message).toMatch(/"git |more than|run/);
    expect(error.message).not.toMatch(/root:/);
  });

  it('takes no branch that cannot be read for one without commits', async () => {
    repository('unread');
    const reader = await open('unread');
    expect(await reader.readHead()).toBeDefined();
    rmSync(scratch.path('unread/.git/refs/heads/main'));
    execFileSync('mkfifo', [scratch.path('unread/.git/refs/heads/main')]);
    await expect(reader.readHead()).rejects.toMatchObject({ reason: 'REPOSITORY_UNREADABLE' });
    rmSync(scratch.path('unread/.git/refs/heads/main'));
    mkdirSync(scratch.path('unread/.git/refs/heads/main'));
    expect(await reader.readHead()).toBeUndefined();
    // A branch without commits is remembered as one, but not when it has become something else.
    rmdirSync(scratch.path('unread/.git/refs/heads/main'));
    expect(await reader.readHead()).toBeUndefined();
    execFileSync('mkfifo', [scratch.path('unread/.git/refs/heads/main')]);
    await expect(reader.readHead()).rejects.toMatchObject({ reason: 'REPOSITORY_UNREADABLE' });
    rmSync(scratch.path('unread/.git/refs/heads/main'));
    // Beyond what is read of it.
    writeFileSync(scratch.path('unread/.git/packed-refs'), Buffer.alloc((64 << 20) + 1, 0x0a));
    await expect(reader.readHead()).rejects.toMatchObject({ reason: 'REPOSITORY_UNREADABLE' });
  });

  it('reads a HEAD that is a link, as old versions of git made it', async () => {
    const commit = repository('linked-head');
    rmSync(scratch.path('linked-head/.git/HEAD'));
    symlinkSync('refs/heads/main', scratch.path('linked-head/.git/HEAD'));
    expect(await (await open('linked-head')).readHead()).toBe(commit);
  });
});

describe('what leads out of the repository', () => {
  it('claims no folder for a git directory that the folder does not name', async () => {
    repository('claims');
    mkdirSync(scratch.path('victim/sub'), { recursive: true });
    scratch.git('claims', 'config', 'core.worktree', scratch.path('victim'));
    expect((await open('claims/.git')).root).not.toBe(scratch.path('victim'));
    // Found from its folder, it is the folder's.
    expect((await open('claims')).root).toBe(scratch.path('claims'));
    scratch.write('claims/.git/gitdir', `${scratch.path('victim/.git')}\n`);
    expect((await open('claims/.git')).root).not.toBe(scratch.path('victim'));
    expect((await refusalOf('victim/sub')).reason).toBe('NOT_A_REPOSITORY');
  });

  it('refuses pointers to what is no git directory, circles and devices', async () => {
    mkdirSync(scratch.path('pointer'));
    for (const target of [
      '/etc',
      '/dev/zero',
      '.',
      '../pointer',
      '/nowhere',
      `${'x/'.repeat(3000)}`,
      'a\0b',
    ]) {
      scratch.write('pointer/.git', `gitdir: ${target}\n`);
      expect((await refusalOf('pointer')).reason, target).toBe('NOT_A_REPOSITORY');
    }
    for (const content of ['', 'gitdir:', 'garbage', 'x'.repeat(1 << 20)]) {
      scratch.write('pointer/.git', content);
      expect((await refusalOf('pointer')).reason).toMatch(/NOT_A_REPOSITORY|REPOSITORY_UNREADABLE/);
    }
    rmSync(scratch.path('pointer/.git'));
    symlinkSync('.git', scratch.path('pointer/.git'));
    expect((await refusalOf('pointer')).reason).toBe('NOT_A_REPOSITORY');
    rmSync(scratch.path('pointer/.git'));
    execFileSync('mkfifo', [scratch.path('pointer/.git')]);
    expect((await refusalOf('pointer')).reason).toBe('NOT_A_REPOSITORY');
  });

  it('refuses a common directory that is none', async () => {
    repository('common');
    scratch.write('common/.git/commondir', '/etc\n');
    expect((await refusalOf('common')).reason).toBe('NOT_A_REPOSITORY');
  });

  it('reports links in the tree and follows none, in the working tree neither', async () => {
    repository('links');
    for (const [name, target] of [
      ['absolute', '/etc/passwd'],
      ['upwards', '../../outside'],
      ['to-folder', '/etc'],
      ['circle', 'circle'],
    ] as const)
      symlinkSync(target, scratch.path('links', name));
    scratch.commit('links');
    // The file that is committed is a link by now.
    rmSync(scratch.path('links/a.ts'));
    symlinkSync('/etc/passwd', scratch.path('links/a.ts'));
    const links = { absolute: 'symlink', upwards: 'symlink', 'to-folder': 'symlink', circle: 'symlink' };
    expect(await filesOf(await open('links'))).toEqual({ 'a.ts': 'a\n', ...links });
  });

  it('reads no configuration but what is in the repository', async () => {
    repository('includes');
    scratch.write(
      'included',
      '[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n',
    );
    scratch.write(
      'includes/.git/config',
      `[include]\n\tpath = ${scratch.path('included')}\n\tpath = /dev/zero\n[includeIf "gitdir:/"]\n\tpath = ../../included\n`,
    );
    expect(await filesOf(await open('includes'))).toEqual({ 'a.ts': 'a\n' });
    for (const spoil of ['fifo', 'zero'] as const) {
      rmSync(scratch.path('includes/.git/config'));
      if (spoil === 'fifo') execFileSync('mkfifo', [scratch.path('includes/.git/config')]);
      else symlinkSync('/dev/zero', scratch.path('includes/.git/config'));
      expect(await filesOf(await open('includes'))).toEqual({ 'a.ts': 'a\n' });
    }
  });

  it('does not wait for FIFOs in place of packs, indexes and lists', async () => {
    const commit = repository('fifos');
    scratch.git('fifos', 'repack', '-aq');
    for (const name of ['pack/pack-1.idx', 'pack/pack-1.pack', 'pack/pack-2.idx', 'info/alternates'])
      execFileSync('mkfifo', [scratch.path('fifos/.git/objects', name)]);
    execFileSync('mkfifo', [scratch.path('fifos/.git/packed-refs')]);
    const reader = await open('fifos');
    expect(await reader.readHead()).toBe(commit);
    expect(await filesOf(reader)).toEqual({ 'a.ts': 'a\n' });
  });

  it('says so when the repository is replaced by something else while it is read', async () => {
    const commit = repository('replaced');
    const reader = await open('replaced');
    expect(await reader.readHead()).toBe(commit);
    renameSync(scratch.path('replaced/.git'), scratch.path('replaced/away'));
    symlinkSync('/etc', scratch.path('replaced/.git'));
    await expect(reader.readHead()).rejects.toMatchObject({ reason: 'REPOSITORY_UNREADABLE' });
  });
});

describe('what git treats in its own way', () => {
  it('keeps apart names that differ by case or normal form alone, and heeds no attribute', async () => {
    scratch.init('names');
    const files = {
      'README.ts': 'one\n',
      'readme.ts': 'two\r\n',
      'n\u00e9e.ts': 'three\n',
      'ne\u0301e.ts': 'four\n',
      '.gitattributes': '* text eol=crlf filter=hostile diff=hostile\n*.ts binary\n',
    };
    for (const [name, text] of Object.entries(files)) scratch.write(`names/${name}`, text);
    scratch.write('names/.git/info/attributes', '* -text\n');
    scratch.git('names', 'config', 'core.precomposeUnicode', 'false');
    scratch.commit('names');
    scratch.git('names', 'config', 'filter.hostile.smudge', 'touch /tmp/never');
    expect(await filesOf(await open('names'))).toEqual(files);
  });
});
