import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, relative, resolve, isAbsolute } from 'node:path';
import { discoverRepository, type RepositoryLayout } from './discover-repository.js';

const GIT_TIMEOUT_MS = 5000;
const LEFTHOOK_FILES = ['lefthook', '.lefthook', 'lefthook-local', '.lefthook-local'].flatMap((name) =>
  ['yml', 'yaml', 'toml', 'json', 'jsonc'].map((extension) => `${name}.${extension}`),
);

/**
 * Who decides about a repository's hooks: `git` its own hooks folder; `husky` the tracked files in `.husky`;
 * `working_tree` a folder of the working tree named by core.hooksPath; `shared` a folder outside the
 * repository, whose hooks run for every repository that names it, as the user's configuration does; `foreign` such a
 * folder that the repository's own configuration names: whoever made the repository chose it.
 */
export type HookManager = 'git' | 'husky' | 'working_tree' | 'shared' | 'foreign';

export interface HooksLocation {
  readonly root: string;
  /** Where git looks for hooks. */
  readonly hooksDirectory: string;
  /** Where hooks are to be written: husky's are next to the folder that git looks in. */
  readonly writeDirectory: string;
  readonly manager: HookManager;
  /** What a person should know before relying on hooks here. */
  readonly notes: readonly string[];
}

/**
 * Finds the hooks of a repository (for a linked worktree: those that run in it).
 * @throws AppError NOT_A_REPOSITORY.
 */
export async function locateHooks(path: string): Promise<HooksLocation> {
  const layout = discoverRepository(path);
  const hooksDirectory = (await askGit(layout.root)) ?? fromConfig(layout);
  const notes: string[] = [];
  const place = placeOf(layout, hooksDirectory);
  const manager = place === 'shared' && (await isOwnChoice(layout)) ? 'foreign' : place;
  if (manager === 'shared') {
    notes.push(
      `${hooksDirectory} is shared: its hooks run for every repository whose core.hooksPath names it`,
    );
  }
  if (manager === 'foreign') {
    notes.push(
      `core.hooksPath in this repository's own configuration names ${hooksDirectory}, outside of it: nothing is written ` +
        'there; to have hooks there, name it in your own configuration instead (git config --global core.hooksPath); ' +
        'commits are found by watching the reflog meanwhile',
    );
  }
  if (manager !== 'git' && !existsSync(hooksDirectory)) {
    notes.push(
      `${hooksDirectory} does not exist, so git runs no hooks here; commits are found by watching the reflog`,
    );
  }
  if (LEFTHOOK_FILES.some((name) => existsSync(join(layout.root, name)))) {
    notes.push(
      'lefthook may replace these hooks when it installs its own: install them again after "lefthook install"; ' +
        'commits are found by watching the reflog meanwhile',
    );
  }
  const writeDirectory = manager === 'husky' ? dirname(hooksDirectory) : hooksDirectory;
  return { root: layout.root, hooksDirectory, writeDirectory, manager, notes };
}

function placeOf(layout: RepositoryLayout, hooksDirectory: string): Exclude<HookManager, 'foreign'> {
  const real = realOf(hooksDirectory);
  if (isInside(layout.gitDirectory, real) || isInside(layout.commonDirectory, real)) return 'git';
  if (!isInside(layout.root, real)) return 'shared';
  return basename(real) === '_' && basename(dirname(real)) === '.husky' ? 'husky' : 'working_tree';
}

/** Git knows the user's and the machine's configuration as well. Undefined when it cannot be asked. */
async function askGit(root: string): Promise<string | undefined> {
  const answer = await runGit(root, ['rev-parse', '--path-format=absolute', '--git-path', 'hooks']);
  return answer !== undefined && isAbsolute(answer) ? resolve(answer) : undefined;
}

/** Whether the repository itself says where its hooks are, rather than the user or the machine. */
async function isOwnChoice(layout: RepositoryLayout): Promise<boolean> {
  const answer = await runGit(layout.root, ['config', '--show-scope', '--get', 'core.hooksPath']);
  if (answer === undefined) return layout.config.has('core.hookspath');
  return /^(?:local|worktree)\s/.test(answer);
}

/** What git answers, without the last line end; undefined when it does not. */
function runGit(root: string, args: readonly string[]): Promise<string | undefined> {
  // Inside a hook these would point at another repository.
  const env = { ...process.env };
  for (const name of ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR', 'GIT_INDEX_FILE', 'GIT_PREFIX'])
    delete env[name];
  return new Promise((done) => {
    execFile('git', args, { cwd: root, env, timeout: GIT_TIMEOUT_MS, windowsHide: true }, (error, output) =>
      done(error ? undefined : output.replace(/\r?\n$/, '')),
    );
  });
}

/** The repository's own configuration only: what can be known without git. */
function fromConfig(layout: RepositoryLayout): string {
  const configured = layout.config.get('core.hookspath');
  if (!configured) return join(layout.commonDirectory, 'hooks');
  return resolve(layout.root, configured.replace(/^~(?=\/)/, homedir()));
}

/** The real path, also of a folder that is not there yet. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realOf(dirname(path)), basename(path));
  }
}

function isInside(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside !== '..' && !/^\.\.[/\\]/.test(inside) && !isAbsolute(inside);
}
