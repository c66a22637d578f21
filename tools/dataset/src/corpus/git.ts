import { devNull } from 'node:os';
import { AppError } from '@repoformer/domain';
import { complaint, runCommand } from './run-command.js';

const TIMEOUT_MS = 120_000;

/** The time of every commit made here, so that equal content has an equal commit everywhere. */
const COMMIT_TIME = '2000-01-01T00:00:00Z';

export interface GitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly input?: Uint8Array;
}

/** Nothing of this machine's or the repository's own configuration runs code or changes what is stored. */
const SETTINGS = [
  `core.hooksPath=${devNull}`,
  `core.excludesFile=${devNull}`,
  `core.attributesFile=${devNull}`,
  'core.autocrlf=false',
  'core.fileMode=false',
  'core.fsmonitor=false',
  'core.quotePath=false',
  'commit.gpgSign=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'protocol.allow=never',
].flatMap((setting) => ['-c', setting]);

/** Runs git in a folder. @throws AppError failed_precondition when git is missing or refuses */
export async function git(
  folder: string,
  args: readonly string[],
  { signal, input }: GitOptions = {},
): Promise<Buffer> {
  const result = await runCommand('git', [...SETTINGS, ...args], {
    cwd: folder,
    env: cleanEnvironment(),
    timeoutMs: TIMEOUT_MS,
    signal,
    ...(input && { input }),
    maxOutputBytes: 1024 * 1024 * 1024,
  });
  if (result.code === 0) return result.stdout;
  throw new AppError({
    kind: 'failed_precondition',
    reason: 'REPOSITORY_UNREADABLE',
    message:
      result.code === undefined
        ? 'git is not on this machine; install it: the corpus is made of git repositories'
        : `git ${args[0] ?? ''} in ${folder}: ${complaint(result.stderr)}`,
  });
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  const who = { NAME: 'Repoformer corpus', EMAIL: 'corpus@localhost', DATE: COMMIT_TIME };
  const identity = Object.entries(who).flatMap(([field, value]) => [
    [`GIT_AUTHOR_${field}`, value],
    [`GIT_COMMITTER_${field}`, value],
  ]);
  return {
    ...Object.fromEntries(kept),
    ...Object.fromEntries(identity),
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
}
