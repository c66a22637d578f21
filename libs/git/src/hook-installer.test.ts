import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HookInstaller, type HooksReport } from './hook-installer.js';
import { createHook, HOOK_NAMES } from './hook-script.js';
import { HookSpool, type HookNotice } from './hook-spool.js';
import { cleanGitEnvironment, Scratch } from './testing/scratch-repository.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const installer = new HookInstaller();
afterEach(() => {
  vi.unstubAllEnvs();
});

let number = 0;
let name: string;
let root: string;
let spool: HookSpool;

beforeEach(async () => {
  // The installer asks git, which must not see this machine's configuration either.
  for (const [key, value] of Object.entries(cleanGitEnvironment(scratch.directory))) vi.stubEnv(key, value);
  name = `it's repo "${++number}"`;
  root = scratch.init(name);
  spool = new HookSpool(scratch.path(`spool's "${number}" $dir`));
  await spool.create();
  scratch.write(`${name}/a`, 'a');
  scratch.commit(name);
});

const install = (options = {}): Promise<HooksReport> =>
  installer.install(root, { spoolDirectory: spool.directory, ...options });
const statesOf = (report: HooksReport): string[] => [...new Set(report.hooks.map((hook) => hook.state))];
const hookPath = (hook: string): string => join(root, '.git/hooks', hook);

function writeHook(hook: string, content: string, mode = 0o755): string {
  mkdirSync(join(root, '.git/hooks'), { recursive: true });
  writeFileSync(hookPath(hook), content);
  chmodSync(hookPath(hook), mode);
  return hookPath(hook);
}

/** Notices arrive in the background: waits until `count` have, failing after some seconds. */
async function noticesOf(count: number): Promise<HookNotice[]> {
  const notices: HookNotice[] = [];
  await vi.waitFor(
    async () => {
      notices.push(...(await spool.drain()));
      expect(notices.length).toBeGreaterThanOrEqual(count);
    },
    { timeout: 5000, interval: 10 },
  );
  return notices;
}

/** Every file of a directory with its bytes and mode. */
function snapshot(directory: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[path] = `${statSync(path).mode.toString(8)} ${readFileSync(path, 'latin1')}`;
  }
  return files;
}

describe('HookInstaller', () => {
  it('reports commits, merges, checkouts and rewrites, then leaves no trace', async () => {
    const before = snapshot(join(root, '.git/hooks'));
    expect(statesOf(await installer.status(root))).toEqual(['absent']);
    const report = await install();
    expect(report).toMatchObject({
      root,
      manager: 'git',
      notes: [],
      hooksDirectory: join(root, '.git/hooks'),
    });
    expect(statesOf(report)).toEqual(['installed']);
    expect(report.hooks[0]!.spoolDirectory).toBe(spool.directory);

    scratch.write(`${name}/a`, 'b');
    scratch.commit(name);
    expect(await noticesOf(1)).toEqual([{ directory: root, cause: 'post-commit' }]);
    scratch.git(name, 'checkout', '-q', '-b', 'side', 'HEAD~1');
    expect(await noticesOf(1)).toMatchObject([{ directory: root, cause: 'post-checkout' }]);
    scratch.git(name, 'merge', '-q', 'main');
    expect(await noticesOf(1)).toMatchObject([{ directory: root, cause: 'post-merge' }]);
    scratch.git(name, 'commit', '-q', '--amend', '-m', 'amended');
    expect((await noticesOf(2)).map((notice) => notice.cause).sort()).toEqual([
      'post-commit',
      'post-rewrite',
    ]);
    expect(readdirSync(spool.directory)).toEqual([]);

    expect(statesOf(await installer.uninstall(root))).toEqual(['absent']);
    expect(snapshot(join(root, '.git/hooks'))).toEqual(before);
  });

  it('is idempotent, and replaces its own lines for another spool folder', async () => {
    writeHook('post-merge', '#!/bin/sh\nexit 3');
    const before = snapshot(join(root, '.git/hooks'));
    await install();
    const installed = snapshot(join(root, '.git/hooks'));
    await install();
    expect(snapshot(join(root, '.git/hooks'))).toEqual(installed);
    const moved = await install({ spoolDirectory: '/elsewhere/日本' });
    expect(moved.hooks.map((hook) => hook.spoolDirectory)).toEqual(HOOK_NAMES.map(() => '/elsewhere/日本'));
    await install();
    expect(snapshot(join(root, '.git/hooks'))).toEqual(installed);
    await installer.uninstall(root);
    await installer.uninstall(root);
    expect(snapshot(join(root, '.git/hooks'))).toEqual(before);
  });

  it.each([
    ['that exits', '#!/bin/sh -e\necho "$#" >ran\nexit 7\n'],
    ['that execs', '#!/usr/bin/env bash\nexec sh -c "echo 0 >ran"'],
    ['without an interpreter line', 'echo 0 >ran\n'],
  ])('keeps a shell hook %s', async (_, content) => {
    const path = writeHook('post-commit', content);
    await install();
    scratch.commit(name);
    expect(await noticesOf(1)).toMatchObject([{ cause: 'post-commit' }]);
    expect(readFileSync(join(root, 'ran'), 'utf8')).toBe('0\n');
    await installer.uninstall(root);
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(statSync(path).mode & 0o777).toBe(0o755);
  });

  it('runs a hook that is no shell script with its arguments, input and exit code', async () => {
    const content = `#!/usr/bin/env node
const input = require('node:fs').readFileSync(0, 'utf8');
require('node:fs').writeFileSync('ran', JSON.stringify([process.argv.slice(2), input.split(' ').length]));
process.exit(1);
`;
    const path = writeHook('post-rewrite', content);
    writeHook('post-checkout', '#!/usr/bin/env node\nprocess.exit(9);\n');
    const before = snapshot(join(root, '.git/hooks'));
    const report = await install();
    expect(report.hooks.find((hook) => hook.hook === 'post-rewrite')).toMatchObject({ state: 'chained' });
    scratch.git(name, 'commit', '-q', '--amend', '-m', 'again');
    expect((await noticesOf(2)).map((notice) => notice.cause)).toContain('post-rewrite');
    expect(JSON.parse(readFileSync(join(root, 'ran'), 'utf8'))).toEqual([['amend'], 2]);
    // Git fails a checkout whose hook fails: the wrapper must not hide that.
    expect(() => scratch.git(name, 'checkout', '-q', '-b', 'other')).toThrow(
      expect.objectContaining({ status: 1 }),
    );
    await install();
    await installer.uninstall(root);
    expect(snapshot(join(root, '.git/hooks'))).toEqual(before);
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  it('neither enables a disabled hook nor writes through a link', async () => {
    writeHook('post-commit', '#!/bin/sh\necho >ran\n', 0o644);
    scratch.write(`${name}/scripts/merge`, '#!/bin/sh\necho >linked\n');
    chmodSync(join(root, 'scripts/merge'), 0o755);
    symlinkSync('../../scripts/merge', hookPath('post-merge'));
    symlinkSync('nowhere', hookPath('post-rewrite'));
    const before = snapshot(root);
    await install();
    scratch.git(name, 'commit', '-q', '--allow-empty', '-m', 'x');
    await noticesOf(1);
    expect(existsSync(join(root, 'ran'))).toBe(false);
    scratch.git(name, 'checkout', '-q', '-b', 'merged', 'HEAD~1');
    scratch.git(name, 'merge', '-q', 'main');
    expect((await noticesOf(2)).map((notice) => notice.cause)).toContain('post-merge');
    expect(existsSync(join(root, 'linked'))).toBe(true);
    rmSync(join(root, 'linked'));
    await installer.uninstall(root);
    const hooks = Object.keys(before).filter(
      (path) => path.includes('/hooks/') || path.includes('/scripts/'),
    );
    const after = snapshot(root);
    for (const path of hooks) expect(after[path]).toBe(before[path]);
    expect(readFileSync(hookPath('post-merge'), 'utf8')).toContain('linked');
    expect(readdirSync(join(root, '.git/hooks')).filter((file) => file.includes('repoformer'))).toEqual([]);
  });

  it('lets commits succeed when the spool folder is gone, full or not writable', async () => {
    await install();
    rmSync(spool.directory, { recursive: true });
    scratch.commit(name);
    expect(existsSync(spool.directory)).toBe(false);
    writeFileSync(spool.directory, 'a file');
    scratch.commit(name);
    rmSync(spool.directory);
    await spool.create();
    for (let i = 0; i < 500; i++) writeFileSync(join(spool.directory, `${i}-1-post-commit.notice`), '');
    scratch.commit(name);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(readdirSync(spool.directory)).toHaveLength(500);
  });

  it('writes nothing outside the repository where the repository itself says so', async () => {
    const hooks = scratch.path(`foreign hooks ${number}`);
    scratch.write('included', `[core]\n\thooksPath = "${hooks}"\n`);
    for (const [key, value] of [
      ['core.hooksPath', hooks],
      ['include.path', scratch.path('included')],
    ] as const) {
      scratch.git(name, 'config', key, value);
      const report = await install();
      expect(report).toMatchObject({ manager: 'foreign', hooksDirectory: hooks });
      expect(report.notes.join()).toMatch(/git config --global/);
      expect(statesOf(report)).toEqual(['absent']);
      scratch.git(name, 'config', '--unset', key);
    }
    expect(existsSync(hooks)).toBe(false);
  });

  it('honours core.hooksPath outside the repository, and in linked worktrees', async () => {
    const hooks = scratch.path(`global hooks ${number}`);
    // The user's own configuration: named by the environment, both for the installer and for git.
    scratch.write(`global ${number}`, `[core]\n\thooksPath = "${hooks}"\n`);
    vi.stubEnv('GIT_CONFIG_GLOBAL', scratch.path(`global ${number}`));
    scratch.environment['GIT_CONFIG_GLOBAL'] = scratch.path(`global ${number}`);
    onTestFinished(() => {
      delete scratch.environment['GIT_CONFIG_GLOBAL'];
    });
    const report = await install();
    expect(report).toMatchObject({ manager: 'shared', hooksDirectory: hooks });
    expect(report.notes.join()).toContain('shared');
    expect(report.notes.join()).not.toContain('does not exist');
    scratch.commit(name);
    await noticesOf(1);
    expect(readdirSync(hooks).sort()).toEqual([...HOOK_NAMES].sort());
    scratch.git(name, 'worktree', 'add', '-q', '-b', 'tree', `../tree ${number}`);
    await noticesOf(1);
    scratch.commit(`tree ${number}`);
    const tree = scratch.path(`tree ${number}`);
    expect(await noticesOf(1)).toMatchObject([{ directory: tree, cause: 'post-commit' }]);
    expect(statesOf(await installer.status(tree))).toEqual(['installed']);
    await installer.uninstall(tree);
    expect(readdirSync(hooks)).toEqual([]);
  });

  it('shares the hooks of a plain repository with its linked worktrees', async () => {
    scratch.git(name, 'worktree', 'add', '-q', '-b', 'tree', `../linked ${number}`);
    const tree = scratch.path(`linked ${number}`);
    const report = await installer.install(tree, { spoolDirectory: spool.directory });
    expect(report).toMatchObject({ manager: 'git', root: tree, hooksDirectory: join(root, '.git/hooks') });
    scratch.commit(`linked ${number}`);
    const [notice] = await noticesOf(1);
    expect(notice!.directory).toBe(tree);
  });

  it('writes into the working tree only when that is allowed', async () => {
    scratch.git(name, 'config', 'core.hooksPath', 'hooks dir');
    const refused = await install();
    expect(refused).toMatchObject({ manager: 'working_tree', hooksDirectory: join(root, 'hooks dir') });
    expect(statesOf(refused)).toEqual(['absent']);
    expect(refused.notes.join()).toMatch(/allow tracked files/);
    expect(existsSync(join(root, 'hooks dir'))).toBe(false);
    expect(statesOf(await install({ tracked: true }))).toEqual(['installed']);
    scratch.commit(name);
    await noticesOf(1);
  });

  it('adds to husky hooks, not to the folder that husky generates', async () => {
    // What husky 9 generates: stubs that run the file of the same name one folder up.
    for (const hook of HOOK_NAMES) {
      scratch.write(`${name}/.husky/_/${hook}`, '#!/usr/bin/env sh\n. "$(dirname "$0")/h"');
      chmodSync(join(root, '.husky/_', hook), 0o755);
    }
    scratch.write(
      `${name}/.husky/_/h`,
      's=$(dirname "$(dirname "$0")")/$(basename "$0")\n[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\n',
    );
    scratch.write(`${name}/.husky/_/.gitignore`, '*');
    scratch.write(`${name}/.husky/post-merge`, 'npm install\n');
    scratch.git(name, 'config', 'core.hooksPath', '.husky/_');
    const before = snapshot(join(root, '.husky'));
    const refused = await install();
    expect(refused).toMatchObject({ manager: 'husky' });
    expect(refused.notes.join()).toMatch(/allow tracked files/);
    expect(snapshot(join(root, '.husky'))).toEqual(before);
    expect(statesOf(await install({ tracked: true }))).toEqual(['installed']);
    expect(readFileSync(join(root, '.husky/post-merge'), 'utf8')).toMatch(/repoformer[^]*\nnpm install\n$/);
    scratch.commit(name);
    await noticesOf(1);
    await installer.uninstall(root);
    expect(snapshot(join(root, '.husky'))).toEqual(before);

    scratch.git(name, 'worktree', 'add', '-q', '-b', 'tree', `../husky ${number}`);
    const report = await installer.status(scratch.path(`husky ${number}`));
    expect(report.notes.join()).toMatch(/does not exist, so git runs no hooks here/);
  });

  it('warns that lefthook may displace the hooks', async () => {
    scratch.write(`${name}/lefthook.yml`, 'pre-commit:\n');
    expect((await install()).notes.join()).toMatch(/lefthook/);
  });

  it('works without git, from the repository configuration', async () => {
    vi.stubEnv('PATH', '/nonexistent');
    expect(await installer.status(root)).toMatchObject({
      manager: 'git',
      hooksDirectory: join(root, '.git/hooks'),
    });
    scratch.write(`${name}/.git/config`, '[core]\n\thooksPath = "~/my hooks" # comment\n');
    vi.stubEnv('HOME', '/home/ada');
    expect(await installer.status(root)).toMatchObject({
      manager: 'foreign',
      hooksDirectory: '/home/ada/my hooks',
    });
  });

  it('says what to do when the hooks cannot be written, and takes back what it wrote', async () => {
    mkdirSync(hookPath('post-checkout'), { recursive: true });
    const failure: unknown = await install().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ reason: 'HOOKS_FAILED' });
    expect((failure as AppError).message).toMatch(/check that it is a folder with ordinary files/);
    expect(existsSync(hookPath('post-commit'))).toBe(false);
    rmSync(join(root, '.git/hooks'), { recursive: true });
    writeFileSync(join(root, '.git/hooks'), '');
    await expect(install()).rejects.toMatchObject({ reason: 'HOOKS_FAILED' });
  });

  it('does not overwrite an earlier chained hook', async () => {
    writeHook('post-commit', '#!/usr/bin/env node\n');
    writeHook('post-commit.repoformer-chained', 'older');
    await expect(install()).rejects.toMatchObject({
      reason: 'HOOKS_FAILED',
      message: expect.stringMatching(/move it/),
    });
    expect(readFileSync(hookPath('post-commit.repoformer-chained'), 'utf8')).toBe('older');
  });

  it('refuses a spool folder that cannot be written into a script', async () => {
    for (const spoolDirectory of ['relative', '/a\nb', '/a\0']) {
      await expect(install({ spoolDirectory })).rejects.toMatchObject({ kind: 'invalid_argument' });
    }
    expect(createHook('post-commit', '/a')).toContain('/a');
  });
});
