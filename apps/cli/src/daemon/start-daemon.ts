import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { abortError, AppError } from '@repoformer/domain';
import type { ResolvedConfig } from '@repoformer/config';
import { checkHealth } from './health.js';
import { daemonArguments } from './daemon-arguments.js';

/** Time for the daemon to answer; it does so before the index and the models are there. */
const START_TIMEOUT_MS = 30_000;
/** After our own start lost against another one: time for that one to answer. */
const OTHER_STARTER_MS = 5_000;
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
 * Starts a daemon in the background and waits until it answers. Returns its process id.
 *
 * @throws AppError unavailable/DAEMON_UNREACHABLE with the reason the daemon gave; cancelled.
 */
export async function startDaemon(resolved: ResolvedConfig, options: StartOptions): Promise<number> {
  const { dataDir, socket } = resolved.config;
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
  let failure: { readonly error: AppError; readonly atMs: number } | undefined;
  const startedMs = performance.now();
  child.once('error', (error) => {
    failure = { error: notStarted(`node cannot be started (${error.message})`), atMs: performance.now() };
  });
  child.once('exit', (code, signal) => {
    const problem =
      lastLine(join(dataDir, START_LOG)) ?? `it ended with ${signal ?? `exit code ${String(code)}`}`;
    failure = { error: notStarted(problem), atMs: performance.now() };
  });
  try {
    for (;;) {
      const elapsedMs = performance.now() - startedMs;
      if (await answers(`unix:${socket}`, options.signal)) return child.pid ?? 0;
      if (options.signal.aborted) throw abortError(options.signal);
      if (failure !== undefined && performance.now() - failure.atMs > graceOf(failure.error))
        throw failure.error;
      if (elapsedMs > START_TIMEOUT_MS) {
        throw notStarted(
          `it does not answer after ${START_TIMEOUT_MS / 1000} s; see ${join(dataDir, DAEMON_LOG)}`,
        );
      }
      options.onWait?.(elapsedMs);
      await delay(POLL_MS, undefined, { signal: options.signal }).catch(() => {});
    }
  } finally {
    child.removeAllListeners();
    child.unref();
  }
}

/** A start that failed because another one was quicker is no failure, once that other one answers. */
function graceOf(error: AppError): number {
  return /already (serves|answers|running)|is starting/i.test(error.message) ? OTHER_STARTER_MS : 0;
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
    // The index holds source text: nobody else may look into this folder.
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
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
