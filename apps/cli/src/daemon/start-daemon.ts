import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { abortError, AppError } from '@repoformer/domain';
import type { ResolvedConfig } from '@repoformer/config';
import { checkHealth } from './health.js';
import { daemonArguments } from './daemon-arguments.js';

/** Time for the daemon to answer; it does so before the index and the models are there. */
const START_TIMEOUT_MS = 30_000;
/** Exit code with which a daemon says that another one has its data directory. */
const ALREADY_RUNNING_CODE = 3;
/** Time for that other one to answer or to be gone, and the pause before each new attempt meanwhile. */
const OTHER_HOLDER_MS = 10_000;
const RETRY_MS = 500;
const POLL_MS = 50;
const CHECK_TIMEOUT_MS = 2_000;

/** Found at run time: the daemon is started, never imported. */
const DAEMON_PACKAGE = '@repoformer/daemon';

/** Where a daemon started by us writes what is not for its log: failures before there is one. */
export const START_LOG = 'daemon.stderr.log';
export const DAEMON_LOG = 'daemon.log';

export interface StartOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Told again and again while waiting. */
  readonly onWait?: (elapsedMs: number) => void;
  /** The program to start; for tests. */
  readonly executable?: string;
}

/** The daemon's program, found through its package so that this one need not import it. */
export function findDaemonExecutable(): string {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve(`${DAEMON_PACKAGE}/package.json`);
    const { bin } = require(manifest) as { bin: Record<string, string> };
    return join(dirname(manifest), bin['repoformerd'] ?? '');
  } catch (error) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'DAEMON_UNREACHABLE',
      message: 'the daemon is not installed beside this program; run "npm ci" and "npm run build"',
      cause: error,
    });
  }
}

/**
 * Starts a daemon in the background and waits until it answers.
 *
 * @throws AppError unavailable/DAEMON_UNREACHABLE with the reason the daemon gave; cancelled.
 */
export async function startDaemon(resolved: ResolvedConfig, options: StartOptions): Promise<void> {
  const { dataDir, socket } = resolved.config;
  const startedMs = performance.now();
  let attempt = launch(resolved, options);
  try {
    for (;;) {
      if (await answers(`unix:${socket}`, options.signal)) return;
      if (options.signal.aborted) throw abortError(options.signal);
      const elapsedMs = performance.now() - startedMs;
      const { failure } = attempt;
      if (failure !== undefined) {
        if (!failure.otherHolds || elapsedMs > OTHER_HOLDER_MS) throw notStarted(failure.problem);
        // Either another start was quicker and answers soon, or a killed daemon's process is not quite gone.
        if (performance.now() - failure.atMs > RETRY_MS) attempt = launch(resolved, options);
      }
      if (elapsedMs > START_TIMEOUT_MS) {
        throw notStarted(
          `it does not answer after ${START_TIMEOUT_MS / 1000} s; see ${join(dataDir, DAEMON_LOG)}`,
        );
      }
      options.onWait?.(elapsedMs);
      await delay(POLL_MS, undefined, { signal: options.signal }).catch(() => {});
    }
  } finally {
    attempt.leave();
  }
}

interface Attempt {
  /** Set once the process has ended. */
  readonly failure:
    { readonly problem: string; readonly otherHolds: boolean; readonly atMs: number } | undefined;
  /** Lets the process live on without us. */
  leave(): void;
}

function launch(resolved: ResolvedConfig, options: StartOptions): Attempt {
  const { dataDir } = resolved.config;
  const executable = options.executable ?? findDaemonExecutable();
  const output = openStartLog(dataDir);
  const child = spawn(process.execPath, [executable, ...daemonArguments(resolved), '--log-to-file'], {
    // Its own session, and no folder that it would keep from being unmounted.
    detached: true,
    cwd: dataDir,
    stdio: ['ignore', output, output],
    env: { ...options.env },
    windowsHide: true,
  });
  closeSync(output);
  let failure: Attempt['failure'];
  child.once('error', (error) => {
    const problem = `node cannot be started (${error.message})`;
    failure = { problem, otherHolds: false, atMs: performance.now() };
  });
  child.once('exit', (code, signal) => {
    const ending = `it ended with ${signal ?? `exit code ${String(code)}`}`;
    const problem = lastLine(join(dataDir, START_LOG)) ?? ending;
    failure ??= { problem, otherHolds: code === ALREADY_RUNNING_CODE, atMs: performance.now() };
  });
  return {
    get failure() {
      return failure;
    },
    leave() {
      child.removeAllListeners();
      child.unref();
    },
  };
}

async function answers(address: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await checkHealth(address, '', { timeoutMs: CHECK_TIMEOUT_MS, signal })) === 'serving';
  } catch {
    return false;
  }
}

function notStarted(problem: string): AppError {
  return new AppError({
    kind: 'unavailable',
    reason: 'DAEMON_UNREACHABLE',
    message: `the daemon could not be started: ${problem}`,
    meta: { hint: 'ask "repoformer doctor" what is wrong' },
  });
}

function openStartLog(dataDir: string): number {
  try {
    // The index tells of source text: nobody else may look into this folder.
    createPrivateDirectory(dataDir);
    return openSync(join(dataDir, START_LOG), 'w', 0o600);
  } catch (error) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `the data directory ${dataDir} cannot be used (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      meta: { hint: 'choose another with --data-dir' },
      cause: error,
    });
  }
}

/** Creates what is missing of a path; Node's own recursive `mkdir` never returns below /proc. */
function createPrivateDirectory(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) createPrivateDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** What the daemon said last, without its own name in front. */
function lastLine(path: string): string | undefined {
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    const said =
      lines.findLast((line) => line.startsWith('repoformerd: ')) ?? lines.findLast((line) => line.trim());
    return said?.replace(/^repoformerd: /, '').slice(0, 500);
  } catch {
    return undefined;
  }
}
