import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AppError, type RepositoryReader, type TreeChange } from '@repoformer/domain';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { GitRepositoryOpener } from './git-repository-opener.js';
import type { GitRepositoryReader } from './git-repository-reader.js';
import { ObjectStore } from './object-store.js';
import { compareObjects } from './testing/compare-objects.js';
import { Scratch } from './testing/scratch-repository.js';

const opener = new GitRepositoryOpener();
const scratch = new Scratch();
afterAll(() => scratch.remove());

async function open(...parts: string[]): Promise<GitRepositoryReader> {
  const reader = await opener.open(scratch.path(...parts));
  onTestFinished(() => reader.close());
  return reader;
}

async function changesOf(reader: RepositoryReader, from?: string, to?: string): Promise<TreeChange[]> {
  const changes: TreeChange[] = [];
  for await (const change of reader.diffTrees(from, to)) changes.push(change);
  return changes;
}

async function failureOf(action: Promise<unknown>): Promise<AppError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}

/** Every object of a repository reads as git reads it, by the store and by isomorphic-git. */
async function expectSameObjects(where: string): Promise<void> {
  expect(await compareObjects((args, input) => scratch.gitBytes(where, args, input))).toBeGreaterThan(100);
}

/** Text that deltas well from one version to the next. */
function versionOf(file: number, version: number): string {
  return Array.from({ length: 120 }, (_, line) =>
    line % 17 === version % 17 ? `line ${line} of ${file} in ${version}` : `line ${line} of file ${file}`,
  ).join('\n');
}

let last = '';
let first = '';

beforeAll(() => {
  scratch.init('main');
  for (let version = 0; version < 12; version++) {
    for (let file = 0; file < 6; file++)
      scratch.write(`main/src/d${file % 3}/f${file}.ts`, versionOf(file, version));
    scratch.write('main/README.md', `version ${version}\n`);
    scratch.write('main/empty', '');
    const commit = scratch.commit('main', `version ${version}`);
    first ||= commit;
    last = commit;
  }
  scratch.git('main', 'tag', '-a', 'v1', '-m', 'annotated');
});

describe('objects', () => {
  const copy = (name: string): string => {
    scratch.git('.', 'clone', '-q', '--no-local', 'main', name);
    return name;
  };

  it('reads every loose object as git does', async () => {
    await expectSameObjects('main');
  });

  it.each([
    [
      'offset deltas',
      ['-c', 'repack.usedeltabaseoffset=true', 'repack', '-adfq', '--depth=50', '--window=50'],
    ],
    [
      'reference deltas',
      ['-c', 'repack.usedeltabaseoffset=false', 'repack', '-adfq', '--depth=50', '--window=50'],
    ],
    ['a gc', ['gc', '-q', '--aggressive', '--prune=now']],
    ['several packs', ['repack', '-adfq', '--max-pack-size=1m']],
    [
      'no compression',
      ['-c', 'pack.compression=0', '-c', 'core.compression=0', 'repack', '-adFq', '--depth=0'],
    ],
    ['a multi-pack index', ['multi-pack-index', 'write']],
    ['version 1 indexes', ['-c', 'pack.indexVersion=1', 'repack', '-adfq']],
  ])('reads every object as git does after %s', async (name, args) => {
    const where = copy(`objects-${name.replaceAll(' ', '-')}`);
    scratch.git(where, ...args);
    await expectSameObjects(where);
  });

  it('reads 64-bit pack offsets', async () => {
    const where = copy('large-offsets');
    const packs = scratch.path(where, '.git/objects/pack');
    const pack = readdirSync(packs).find((name) => name.endsWith('.pack'))!;
    const index = join(packs, pack.replace(/\.pack$/, '.idx'));
    rmSync(index);
    // Offsets beyond the threshold go to the 64-bit table, however small they are.
    scratch.git(where, 'index-pack', '--index-version=2,0x40', '-o', index, join(packs, pack));
    await expectSameObjects(where);
  });

  it('follows a chain of 4000 deltas without recursion', async () => {
    scratch.init('deep');
    const blobs = Array.from({ length: 4001 }, (_, version) => {
      const data = `${'x'.repeat(200)}\n${version}\n`;
      return `blob\nmark :${version + 1}\ndata ${data.length}\n${data}\n`;
    });
    scratch.gitBytes('deep', ['fast-import', '--quiet', '--depth=4095'], blobs.join(''));
    const store = new ObjectStore(scratch.path('deep/.git/objects'));
    onTestFinished(() => store.close());
    const depth = /chain length = (\d+): /g;
    const pack = readdirSync(scratch.path('deep/.git/objects/pack')).find((name) => name.endsWith('.idx'))!;
    const report = scratch.git('deep', 'verify-pack', '-v', `.git/objects/pack/${pack}`);
    const deepest = Math.max(...[...report.matchAll(depth)].map((match) => Number(match[1])));
    expect(deepest).toBeGreaterThan(3900);
    const oid = report
      .split('\n')
      .find((line) => line.split(/\s+/)[5] === String(deepest))!
      .slice(0, 40);
    const object = await store.read(oid, 1000);
    expect(object.kind === 'object' && object.data.toString()).toMatch(/^x{200}\n\d+\n$/);
  });

  it('does not inflate a blob over the limit, be it loose, packed or a delta', async () => {
    scratch.init('large');
    scratch.write('large/big', `${'a'.repeat(300_000)}1`);
    const one = scratch.commit('large');
    scratch.write('large/big', `${'a'.repeat(300_000)}22`);
    const two = scratch.commit('large');
    const reader = await open('large');
    const oids = await Promise.all([one, two].map((commit) => reader.findBlob(commit, 'big')));
    const expectSizes = async (): Promise<void> => {
      expect(await reader.readBlob(oids[0]!, 1000)).toEqual({ kind: 'too_large', sizeBytes: 300_001 });
      expect(await reader.readBlob(oids[1]!, 300_001)).toEqual({ kind: 'too_large', sizeBytes: 300_002 });
      expect(await reader.readBlob(oids[1]!, 300_002)).toMatchObject({ kind: 'content' });
    };
    await expectSizes();
    scratch.git('large', 'gc', '-q', '--prune=now');
    await expectSizes();
  });

  it('reports a damaged object, and prefers a sound copy of it', async () => {
    scratch.init('damaged');
    scratch.write('damaged/a', 'sound content');
    const commit = scratch.commit('damaged');
    const reader = await open('damaged');
    const oid = (await reader.findBlob(commit, 'a'))!;
    const loose = scratch.path('damaged/.git/objects', oid.slice(0, 2), oid.slice(2));
    scratch.git('damaged', 'repack', '-q', '-a');
    const other = scratch.gitBytes('damaged', ['hash-object', '-w', '--stdin'], 'other').toString().trim();
    const content = readFileSync(scratch.path('damaged/.git/objects', other.slice(0, 2), other.slice(2)));
    rmSync(loose);
    writeFileSync(loose, content);
    expect(await reader.readBlob(oid, 100)).toMatchObject({ kind: 'content' });
    for (const name of readdirSync(scratch.path('damaged/.git/objects/pack'))) {
      rmSync(scratch.path('damaged/.git/objects/pack', name));
    }
    // The reader above holds the deleted pack open and may go on reading it.
    const later = await open('damaged');
    expect(await later.readBlob(oid, 100)).toMatchObject({ kind: 'corrupt' });
    writeFileSync(loose, 'no zlib stream');
    expect(await later.readBlob(oid, 100)).toMatchObject({ kind: 'corrupt' });
    const bytes = scratch.path('damaged/.git/objects', commit.slice(0, 2), commit.slice(2));
    rmSync(bytes);
    writeFileSync(bytes, content);
    expect(await failureOf(later.readTreeOid(commit))).toMatchObject({
      kind: 'data_loss',
      reason: 'OBJECT_CORRUPT',
    });
  });

  it('never crashes on a damaged pack, and never returns wrong bytes', async () => {
    const where = copy('bitrot');
    scratch.git(where, 'repack', '-adfq', '--depth=50');
    const packs = scratch.path(where, '.git/objects/pack');
    const path = join(
      packs,
      readdirSync(packs).find((name) => name.endsWith('.pack'))!,
    );
    const oids = scratch.git(where, 'cat-file', '--batch-all-objects', '--batch-check').split('\n');
    const sound = readFileSync(path);
    let damaged = 0;
    for (let round = 0; round < 25; round++) {
      const bytes = Buffer.from(sound);
      for (let i = 0; i < 20; i++)
        bytes[12 + ((round * 7919 + i * 104_729) % (sound.length - 32))]! ^= 1 << (i % 8);
      rmSync(path);
      writeFileSync(path, bytes);
      const store = new ObjectStore(scratch.path(where, '.git/objects'));
      for (const line of oids) {
        const result = await store.read(line.slice(0, 40), 1 << 20);
        if (result.kind !== 'object') damaged++;
      }
      store.close();
    }
    expect(damaged).toBeGreaterThan(25);
  });

  it('keeps reading while the repository is repacked under it', async () => {
    const where = copy('repacked');
    const reader = await open(where);
    const paths = (await changesOf(reader, undefined, last)).filter((change) => change.after);
    for (let round = 0; round < 4; round++) {
      scratch.write(`${where}/new${round}`, `${round}`);
      const commit = scratch.commit(where);
      scratch.git(where, ...(round % 2 ? ['repack', '-adfq'] : ['gc', '-q', '--prune=now']));
      expect(await reader.readHead()).toBe(commit);
      expect(await changesOf(reader, `${commit}`, commit)).toEqual([]);
      for (const { after } of paths) expect((await reader.readBlob(after!, 1 << 20)).kind).toBe('content');
    }
  });
});

describe('kinds of repositories', () => {
  const expectReadable = async (reader: RepositoryReader, commit: string): Promise<void> => {
    expect(await reader.readHead()).toBe(commit);
    const files = await changesOf(reader, undefined, commit);
    expect(files.length).toBeGreaterThan(0);
    for (const { after } of files.filter((file) => file.after)) {
      expect((await reader.readBlob(after!, 1 << 20)).kind).toBe('content');
    }
  };

  it('opens by any path inside the working tree, and by the git directory', async () => {
    symlinkSync(scratch.path('main'), scratch.path('link'));
    for (const path of [
      'main',
      'main/src/d0',
      'main/src/d0/f0.ts',
      'main/.git',
      'main/.git/refs',
      'link/src',
    ]) {
      const reader = await open(path);
      expect(reader).toMatchObject({
        root: scratch.path('main'),
        bare: false,
        gitDirectory: scratch.path('main/.git'),
        commonDirectory: scratch.path('main/.git'),
      });
    }
    await expectReadable(await open('main'), last);
  });

  it('reads a linked worktree', async () => {
    scratch.git('main', 'worktree', 'add', '-q', '-b', 'side', '../linked tree', 'HEAD~3');
    const commit = scratch.git('linked tree', 'rev-parse', 'HEAD');
    for (const path of ['linked tree/src', 'main/.git/worktrees/linked-tree']) {
      const reader = await open(path);
      expect(reader).toMatchObject({
        root: scratch.path('linked tree'),
        bare: false,
        gitDirectory: scratch.path('main/.git/worktrees/linked-tree'),
        commonDirectory: scratch.path('main/.git'),
      });
      await expectReadable(reader, commit);
    }
    await expectReadable(await open('main'), last);
  });

  it('reads a worktree of a bare repository', async () => {
    scratch.git('.', 'clone', '-q', '--bare', 'main', 'bare-with-tree.git');
    scratch.git('bare-with-tree.git', 'worktree', 'add', '-q', '../tree-of-bare', 'main');
    const reader = await open('tree-of-bare');
    expect(reader).toMatchObject({ root: scratch.path('tree-of-bare'), bare: false });
    await expectReadable(reader, last);
  });

  it('reads borrowed objects: absolute, relative and nested alternates, even in a circle', async () => {
    scratch.git('.', 'clone', '-q', '--shared', 'main', 'shared');
    scratch.git('.', 'clone', '-q', '--shared', 'shared', 'shared-twice');
    scratch.write('shared-twice/own', 'own');
    const commit = scratch.commit('shared-twice');
    writeFileSync(
      scratch.path('shared/.git/objects/info/alternates'),
      '# borrowed\n../../../main/.git/objects\n',
    );
    scratch.write('main/.git/objects/info/alternates', `${scratch.path('shared-twice/.git/objects')}\n`);
    await expectReadable(await open('shared'), last);
    await expectReadable(await open('shared-twice'), commit);
    rmSync(scratch.path('main/.git/objects/info/alternates'));
  });

  it('reads a submodule, and reports it in its parent', async () => {
    scratch.init('parent');
    scratch.git('parent', 'submodule', '--quiet', 'add', '../main', 'sub dir');
    symlinkSync('sub dir', scratch.path('parent/pointer'));
    const commit = scratch.commit('parent');
    const reader = await open('parent/sub dir/src');
    expect(reader.root).toBe(scratch.path('parent/sub dir'));
    await expectReadable(reader, last);
    expect((await open('parent/.git/modules/sub dir')).root).toBe(scratch.path('parent/sub dir'));
    const changes = await changesOf(await open('parent'), undefined, commit);
    expect(changes).toEqual([
      { path: '.gitmodules', after: expect.stringMatching(/^[0-9a-f]{40}$/) },
      { path: 'pointer', skip: 'symlink' },
      { path: 'sub dir', skip: 'submodule' },
    ]);
  });

  it('reads shallow and bare clones, packed references, detached and chained HEADs', async () => {
    scratch.git('.', 'clone', '-q', '--depth=1', `file://${scratch.path('main')}`, 'shallow');
    await expectReadable(await open('shallow'), last);
    scratch.git('.', 'clone', '-q', '--bare', 'main', 'bare.git');
    const bare = await open('bare.git');
    expect(bare).toMatchObject({ bare: true, root: scratch.path('bare.git') });
    await expectReadable(bare, last);
    scratch.git('.', 'clone', '-q', 'main', 'refs');
    scratch.git('refs', 'pack-refs', '--all');
    expect(existsSync(scratch.path('refs/.git/refs/heads/main'))).toBe(false);
    const reader = await open('refs');
    await expectReadable(reader, last);
    scratch.git('refs', 'symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    scratch.git('refs', 'symbolic-ref', 'HEAD', 'refs/heads/alias');
    await expectReadable(reader, last);
    scratch.git('refs', 'checkout', '-q', '--detach', 'HEAD~1');
    await expectReadable(reader, scratch.git('main', 'rev-parse', 'HEAD~1'));
  });

  it('has no HEAD commit on an unborn branch, and says so when HEAD is gone', async () => {
    scratch.init('unborn');
    const reader = await open('unborn');
    expect(await reader.readHead()).toBeUndefined();
    renameSync(scratch.path('unborn/.git'), scratch.path('unborn/elsewhere'));
    expect(await failureOf(reader.readHead())).toMatchObject({ reason: 'REPOSITORY_UNREADABLE' });
  });

  it('says which blobs of a partial clone are missing', async () => {
    scratch.git('main', 'config', 'uploadpack.allowFilter', 'true');
    scratch.git(
      '.',
      'clone',
      '-q',
      '--no-checkout',
      '--filter=blob:none',
      `file://${scratch.path('main')}`,
      'partial',
    );
    const reader = await open('partial');
    const files = await changesOf(reader, undefined, last);
    expect(files).toHaveLength(8);
    for (const { after } of files) expect(await reader.readBlob(after!, 100)).toEqual({ kind: 'missing' });
  });

  it('refuses what is no repository', async () => {
    mkdirSync(scratch.path('plain'));
    for (const path of [scratch.path('plain'), scratch.path('absent'), 'relative', '/\0']) {
      expect((await failureOf(opener.open(path))).kind).toBe('invalid_argument');
    }
    scratch.write('dangling/.git', 'gitdir: /nowhere\n');
    expect(await failureOf(opener.open(scratch.path('dangling')))).toMatchObject({
      reason: 'NOT_A_REPOSITORY',
    });
  });

  it('refuses formats it would misread, and says what to do', async () => {
    scratch.init('sha256', '--object-format=sha256');
    const refused = await failureOf(opener.open(scratch.path('sha256')));
    expect(refused).toMatchObject({ kind: 'failed_precondition', reason: 'REPOSITORY_FORMAT_UNSUPPORTED' });
    expect(refused.message).toMatch(/sha256.*SHA-1/);
    const withConfig = async (version: number, line: string): Promise<AppError | undefined> => {
      scratch.write(
        'format/.git/config',
        `[core]\n\trepositoryformatversion = ${version}\n[extensions]\n\t${line}\n`,
      );
      return opener.open(scratch.path('format')).then(
        (reader) => (reader.close(), undefined),
        (error: AppError) => error,
      );
    };
    scratch.init('format');
    for (const line of ['refStorage = reftable', 'frobnicate = 1', 'objectFormat = sha256']) {
      expect((await withConfig(1, line))?.reason).toBe('REPOSITORY_FORMAT_UNSUPPORTED');
    }
    expect((await withConfig(2, ''))?.reason).toBe('REPOSITORY_FORMAT_UNSUPPORTED');
    expect(await withConfig(0, 'frobnicate = 1')).toBeUndefined();
    for (const line of [
      'noop = 1',
      'partialClone = origin',
      'worktreeConfig',
      'preciousObjects = true',
      'objectFormat = sha1',
      'refStorage = files',
      'relativeWorktrees = true',
    ]) {
      expect(await withConfig(1, line)).toBeUndefined();
    }
  });

  it('does not follow a reference out of the repository', async () => {
    scratch.init('hostile-ref');
    scratch.write('secret', `${last}\n`);
    scratch.write('hostile-ref/.git/HEAD', 'ref: refs/../../../secret\n');
    const reader = await open('hostile-ref');
    expect(await reader.readHead().catch(() => undefined)).toBeUndefined();
  });
});

describe('HEAD', () => {
  it('is what git says after any change of references, asked again and again', async () => {
    scratch.init('head');
    const reader = await open('head');
    const expectHead = async (): Promise<void> => {
      const expected = scratch.git('head', 'rev-parse', '--verify', '-q', 'HEAD');
      for (let i = 0; i < 2; i++) expect(await reader.readHead()).toBe(expected);
    };
    expect(await reader.readHead()).toBeUndefined();
    for (let i = 0; i < 3; i++) scratch.commit('head', `${i}`);
    await expectHead();
    for (const command of [
      'pack-refs --all',
      'branch other HEAD~1',
      'pack-refs --all',
      'checkout -q other',
      'reset -q --hard HEAD~1',
      'pack-refs --all',
      'update-ref HEAD main',
      'symbolic-ref refs/heads/alias refs/heads/main',
      'symbolic-ref HEAD refs/heads/alias',
      'update-ref refs/heads/main HEAD~1',
      'pack-refs --all',
      'checkout -q --detach HEAD',
      'checkout -q --detach HEAD~1',
      'checkout -q main',
    ]) {
      scratch.git('head', ...command.split(' '));
      await expectHead();
    }
    scratch.git('head', 'checkout', '-q', '--orphan', 'fresh');
    expect(await reader.readHead()).toBeUndefined();
  });
});

describe('commits and paths', () => {
  it('finds a blob by path, and only a blob', async () => {
    const reader = await open('main');
    expect(await reader.findBlob(last, 'src/d0/f3.ts')).toBe(
      scratch.git('main', 'rev-parse', 'HEAD:src/d0/f3.ts'),
    );
    for (const path of [
      'src/d0',
      'src',
      'nothing',
      'README.md/x',
      '',
      '/',
      '../main/README.md',
      'src//d0/f3.ts',
    ]) {
      expect(await reader.findBlob(last, path), path).toBeUndefined();
    }
  });

  it('says that a commit is gone', async () => {
    const reader = await open('main');
    const gone = 'f'.repeat(40);
    expect(await failureOf(reader.readTreeOid(gone))).toMatchObject({
      kind: 'not_found',
      reason: 'OBJECT_MISSING',
    });
    expect(await failureOf(reader.readTreeOid('HEAD'))).toMatchObject({ kind: 'invalid_argument' });
    expect(await reader.readBlob(gone, 10)).toEqual({ kind: 'missing' });
    expect(await reader.readBlob(first, 10_000)).toMatchObject({ kind: 'corrupt' });
  });

  it('refuses to read once closed', async () => {
    const reader = await opener.open(scratch.path('main'));
    reader.close();
    expect((await failureOf(reader.readBlob(first, 10))).reason).toBe('REPOSITORY_UNREADABLE');
  });
});
