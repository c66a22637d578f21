import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { ROOT } from './project.mjs';

/** Folders of this project that serve as repositories, by what each is for. No content is in two of them. */
const FOLDERS = {
  train: [
    ...['libs/fim/src', 'libs/retrieval/src', 'libs/store/src', 'libs/completion/src', 'libs/config/src'],
    ...['libs/indexing/src', 'apps/cli/src', 'test/clients/python'],
  ],
  calibration: ['libs/engine/src', 'apps/daemon/src', 'libs/protocol/src'],
  benchmark: ['libs/git/src', 'libs/models/src'],
};

/** What is not source: built, installed or generated. */
const LEFT_OUT = new Set(['node_modules', 'dist', 'gen', '.venv', '__pycache__']);

/** The same on every machine, so that equal files give equal commits. */
const GIT_ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'Repoformer',
  GIT_AUTHOR_EMAIL: 'chain@example.invalid',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'Repoformer',
  GIT_COMMITTER_EMAIL: 'chain@example.invalid',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
};

/**
 * Makes small git repositories of this project's own code, and a manifest of them.
 *
 * @param {string} folder where they go
 * @returns {{ manifest: string, repositories: readonly { root: string, split: string }[] }}
 */
export function createOwnCorpus(folder) {
  const repositories = Object.entries(FOLDERS).flatMap(([split, sources]) =>
    sources.map((source) => ({ split, root: createRepository(folder, source) })),
  );
  const manifest = join(folder, 'own.json');
  const entries = repositories.map(({ root, split }) => ({
    path: root,
    split,
    languages: ['typescript', 'python'],
    licence: 'Apache-2.0',
  }));
  writeFileSync(manifest, JSON.stringify({ name: 'own', repositories: entries }, null, 2));
  return { manifest, repositories };
}

function createRepository(folder, source) {
  const root = join(folder, source.replace(/\/src$/, '').replaceAll('/', '-'));
  copySource(join(ROOT, source), root);
  const git = (...args) =>
    execFileSync('git', args, {
      cwd: root,
      env: { ...process.env, ...GIT_ENVIRONMENT },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  git('init', '--quiet', '--initial-branch=main');
  // A global ignore file or filter of this machine must not decide what is in it.
  git('-c', 'core.autocrlf=false', 'add', '--all', '--force');
  git('commit', '--quiet', '--message', `Source of ${source}`);
  return root;
}

function copySource(from, to) {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copySource(source, target);
    else if (entry.isFile()) copyFile(source, target);
  }
}

function copyFile(from, to) {
  if (!existsSync(dirname(to))) mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}
