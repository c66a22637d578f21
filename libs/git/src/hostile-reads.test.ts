import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { AppError } from '@repoformer/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitRepositoryOpener } from './git-repository-opener.js';
import { treeOf, writeObject } from './testing/raw-objects.js';
import { recordReads } from './testing/record-reads.js';
import { Scratch } from './testing/scratch-repository.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** Opens a repository, reads all of its commit and of its working tree, and returns the real paths of what was opened. */
async function readsOf(where: string): Promise<string[]> {
  const reads = recordReads();
  try {
    const reader = await new GitRepositoryOpener().open(scratch.path(where));
    try {
      const scan = await reader.scanWorkingTree({
        ...{ maxFileBytes: 1 << 20, maxPaths: 1000, maxReadBytes: 1 << 30 },
        ...{ rules: { add: () => undefined, isIgnored: () => false }, signal: new AbortController().signal },
      });
      for (const entry of scan?.files.values() ?? [])
        if ('oid' in entry) await reader.readBlob(entry.oid, 1 << 20);
      const head = await reader.readHead();
      for await (const { path, after } of reader.diffTrees(undefined, head)) {
        await reader.findBlob(head!, path);
        if (after !== undefined) await reader.readBlob(after, 1 << 20);
      }
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  } finally {
    reads.stop();
  }
  return [...reads.paths].sort();
}

/** What of it lies in none of these folders. */
const outside = (paths: readonly string[], ...folders: string[]): string[] =>
  paths.filter((path) => !folders.some((folder) => `${path}/`.startsWith(`${scratch.path(folder)}/`)));

/** What of it is in this folder, by its path there. */
const inside = (paths: readonly string[], folder: string): string[] =>
  paths
    .filter((path) => outside([path], folder).length === 0)
    .map((path) => relative(scratch.path(folder), path));

const SECRET = 'secret/secret.ts';

beforeAll(() => {
  scratch.write(SECRET, 'secret\n');
  scratch.write(
    'secret/config',
    '[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n',
  );
  scratch.write('secret/HEAD', `${'a'.repeat(40)}\n`);
  scratch.init('foreign');
  scratch.write('foreign/foreign.ts', 'foreign\n');
  scratch.commit('foreign');
  scratch.git('foreign', 'repack', '-adq');
});

/** A repository that is of one mind with its folder, with loose and packed objects. */
function repository(name: string): string {
  scratch.init(name);
  scratch.write(`${name}/packed.ts`, 'packed\n');
  scratch.commit(name);
  scratch.git(name, 'repack', '-adq');
  scratch.write(`${name}/a.ts`, 'a\n');
  scratch.commit(name);
  // Not as git knows it, so that it must be read.
  scratch.write(`${name}/a.ts`, 'changed\n');
  return scratch.path(name);
}

describe('outside a repository nothing is opened', () => {
  it('where nothing leads out, and what is inside is seen to be', async () => {
    const root = repository('plain');
    const reads = await readsOf('plain');
    expect(outside(reads, 'plain')).toEqual([]);
    // Or else nothing would be known by the tests below.
    for (const path of ['a.ts', '.git/HEAD', '.git/refs/heads/main', '.git/config', '.git/index'])
      expect(reads).toContain(join(root, path));
    expect(reads.filter((path) => /objects\/(..\/|pack\/.*\.pack$)/.test(path)).length).toBeGreaterThan(1);
  });

  it("by links and names in the working tree and in git's index", async () => {
    const root = repository('tree');
    for (const path of ['zz/secret.ts', 'folder/secret.ts', 'link.ts', 'sub/x.ts'])
      scratch.write(`tree/${path}`, '\n');
    scratch.commit('tree');
    symlinkSync('/', join(root, 'to-root'));
    symlinkSync(scratch.path(SECRET), join(root, 'untracked.ts'));
    symlinkSync(scratch.path(SECRET), join(root, '.gitignore'));
    symlinkSync(scratch.path(SECRET), join(root, '.gitmodules'));
    // What is tracked has become a link, and the way to it another.
    rmSync(join(root, 'link.ts'));
    symlinkSync('../secret/secret.ts', join(root, 'link.ts'));
    renameSync(join(root, 'folder'), scratch.path('former-folder'));
    symlinkSync('../secret', join(root, 'folder'));
    // One submodule with tracked files in it, one without.
    for (const sub of ['sub', 'other']) scratch.write(`tree/${sub}/.git`, 'gitdir: ../../foreign/.git\n');
    scratch.write('tree/other/x.ts', 'x\n');
    const index = readFileSync(join(root, '.git/index'), 'latin1');
    expect(index).toContain('zz/secret.ts');
    writeFileSync(join(root, '.git/index'), index.replace('zz/secret.ts', '../secret.ts'), 'latin1');
    scratch.write('secret.ts', 'beside the repository\n');
    expect(outside(await readsOf('tree'), 'tree')).toEqual([]);
  });

  it("by names in a commit's tree", async () => {
    const root = repository('names');
    const write = (type: string, data: Buffer) => writeObject(join(root, '.git/objects'), type, data);
    const blob = write('blob', Buffer.from('../secret/secret.ts'));
    const folder = write('tree', treeOf([['100644', 'secret.ts', blob]]));
    const above = write('tree', treeOf([['40000', 'secret', folder]]));
    const tree = treeOf([
      ['40000', '..', above],
      ['40000', '.git', folder],
      ['100644', '../secret/secret.ts', blob],
      ['100644', scratch.path(SECRET), blob],
      ['120000', 'link', blob],
      ['160000', 'module', '../secret'.padEnd(40, 'f').replace(/[^0-9a-f]/g, 'e')],
    ]);
    const commit = scratch.git('names', 'commit-tree', write('tree', tree), '-m', 'x');
    scratch.git('names', 'update-ref', 'refs/heads/main', commit);
    scratch.write('names/.gitmodules', '[submodule "../secret"]\n\tpath = ../secret\n\turl = ../foreign\n');
    expect(outside(await readsOf('names'), 'names')).toEqual([]);
  });

  it("by the repository's configuration", async () => {
    repository('config');
    const settings = {
      'core.worktree': scratch.path('secret'),
      'core.excludesFile': scratch.path(SECRET),
      'core.attributesFile': scratch.path(SECRET),
      'core.hooksPath': scratch.path('secret'),
      'include.path': scratch.path('secret/config'),
      'includeIf.gitdir:/.path': '../../secret/config',
      'submodule.x.path': '../secret',
    };
    for (const [key, value] of Object.entries(settings)) scratch.git('config', 'config', key, value);
    // The user's own is the user's, and no business of a reader either.
    scratch.write('.gitconfig', `[core]\n\texcludesFile = ${scratch.path(SECRET)}\n`);
    for (const where of ['config', 'config/a.ts', 'config/.git'])
      expect(outside(await readsOf(where), 'config'), where).toEqual([]);
  });

  it.each([
    ['refs', 'refs/../../../secret/HEAD'],
    ['branches', 'refs/heads/../../../../secret/HEAD'],
    ['nothing', '../../secret/HEAD'],
    ['the root', scratch.path('secret/HEAD')],
  ])('by a HEAD whose way out begins at %s', async (start, target) => {
    const where = `head-${start}`;
    repository(where);
    scratch.write(`${where}/.git/HEAD`, `ref: ${target}\n`);
    expect(outside(await readsOf(where), where)).toEqual([]);
  });
});

describe('of what a repository says to be a part of it', () => {
  it('a git directory elsewhere is read, but not the working tree that it has there', async () => {
    scratch.write('pointer/a.ts', 'a\n');
    scratch.write('pointer/.git', `gitdir: ${scratch.path('foreign/.git')}\n`);
    const reads = await readsOf('pointer');
    expect(outside(reads, 'pointer', 'foreign/.git')).toEqual([]);
    expect(inside(reads, 'foreign/.git')).toContain('HEAD');
    expect(inside(reads, 'pointer')).toContain('a.ts');
  });

  it('of a folder that is no git directory, only what says so is read', async () => {
    scratch.write('no-pointer/.git', `gitdir: ${scratch.path('secret')}\n`);
    expect(inside(await readsOf('no-pointer'), 'secret')).toEqual(['HEAD']);
    repository('common');
    scratch.write('common/.git/commondir', `${scratch.path('secret')}\n`);
    expect(inside(await readsOf('common'), 'secret')).toEqual([]);
  });

  it('alternates are read wherever they are, but as object stores alone', async () => {
    repository('borrower');
    for (const name of ['aa/secret', 'info/secret', 'pack/secret.ts'])
      scratch.write(`secret/${name}`, 'secret\n');
    scratch.write(
      'borrower/.git/objects/info/alternates',
      ['/', '../../..', scratch.path('secret'), scratch.path('foreign/.git/objects')].join('\n'),
    );
    scratch.git('borrower', 'update-ref', 'refs/heads/main', scratch.git('foreign', 'rev-parse', 'HEAD'));
    const reads = await readsOf('borrower');
    expect(inside(reads, 'foreign/.git/objects')).toContainEqual(expect.stringMatching(/^pack\/.*\.pack$/));
    // To look for packs a folder of that name is listed.
    expect(outside(reads, 'borrower', 'foreign/.git/objects', 'secret/pack')).toEqual([]);
    expect(inside(reads, 'secret/pack')).toEqual(['']);
    expect(inside(reads, 'foreign/.git/objects').filter((path) => !/^(pack|info|..\/)/.test(path))).toEqual(
      [],
    );
  });
});
