import { spawn, type ChildProcess } from 'node:child_process';
import { abortError, AppError } from '@repoformer/domain';
import type { Isolation } from './isolation.js';
import { OutputTail } from './output-tail.js';
import { countProcessesOfUser, readProcessTree } from './process-tree.js';
import {
  LIMITS_SCRIPT,
  sandboxArguments,
  SANDBOX_SCRIPT,
  UNSHARE,
  type SandboxLimits,
} from './sandbox-script.js';

const WATCH_EVERY_MS = 100;
const OUTPUT_BYTES = 64 * 1024;
/** How long to wait for output that a left-over process still holds open. */
const DRAIN_MS = 1_000;
/** What a shell reports for a process that used up its processor time. */
const CPU_LIMIT_CODES = new Set([128 + 24]);

/** How a command ended. */
export interface LimitedRun {
  /** `processes`: it had more processes than allowed. */
  readonly ended: 'exit' | 'timeout' | 'memory' | 'processes';
  /** As a shell gives it: 128 + n for a process killed by signal n. */
  readonly exitCode: number | undefined;
  /** The end of what it wrote, standard output and error together. */
  readonly output: string;
  readonly elapsedMs: number;
}

export interface RunLimitedOptions extends Omit<SandboxLimits, 'guardSeconds' | 'dataBytes'> {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly isolation: Isolation;
  readonly timeoutMs: number;
  /** Of all processes together, in RAM. A single process may not reserve more than twice that. */
  readonly memoryBytes: number;
  readonly signal?: AbortSignal;
}

/**
 * Runs a command until it ends or exceeds a limit; then all its processes are killed. With a process namespace none
 * survives; without, one that left its process group may.
 *
 * @throws AppError cancelled; failed_precondition when it could not be started.
 */
export function runLimited(options: RunLimitedOptions): Promise<LimitedRun> {
  const { signal, timeoutMs, memoryBytes, isolation } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortError(signal));
    const started = performance.now();
    const output = new OutputTail(OUTPUT_BYTES);
    const child = start(options);
    let ended: LimitedRun['ended'] | 'aborted' = 'exit';
    const stop = (why: typeof ended): void => {
      if (ended === 'exit') ended = why;
      kill(child, isolation);
    };
    const onAbort = (): void => stop('aborted');
    const timer = setTimeout(() => stop('timeout'), timeoutMs);
    const watch = setInterval(() => {
      const { processes, memoryBytes: used } = readProcessTree(child.pid as number);
      if (used > memoryBytes) stop('memory');
      else if (processes.length > options.processes) stop('processes');
    }, WATCH_EVERY_MS);
    let drain: NodeJS.Timeout | undefined;
    const release = (): void => {
      clearTimeout(timer);
      clearTimeout(drain);
      clearInterval(watch);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => output.push(chunk));
    child.once('error', (error) => {
      release();
      reject(startFailed(error));
    });
    child.once('exit', () => {
      clearInterval(watch);
      clearTimeout(timer);
      kill(child, isolation);
      drain = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS);
    });
    child.once('close', (code, killedBy) => {
      release();
      if (ended === 'aborted' && signal !== undefined) return reject(abortError(signal));
      const exitCode = code ?? undefined;
      const spent = killedBy === 'SIGXCPU' || (exitCode !== undefined && CPU_LIMIT_CODES.has(exitCode));
      resolve({
        ended: ended === 'exit' && spent ? 'timeout' : (ended as LimitedRun['ended']),
        exitCode,
        output: output.toString(),
        elapsedMs: performance.now() - started,
      });
    });
  });
}

function start(options: RunLimitedOptions): ChildProcess {
  const isolated = options.isolation.processes === 'namespace';
  const limits = sandboxArguments(
    {
      ...options,
      dataBytes: 2 * options.memoryBytes,
      guardSeconds: Math.ceil(options.timeoutMs / 1000) + 5,
    },
    countProcessesOfUser(),
  );
  const [file, ...args] = [
    ...(isolated ? UNSHARE : []),
    ...['sh', '-c', isolated ? SANDBOX_SCRIPT : LIMITS_SCRIPT, 'sandbox'],
    ...limits,
    ...options.command,
  ];
  // A group of its own, so that all of it can be killed at once.
  return spawn(file as string, args, { env: options.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
}

function kill(child: ChildProcess, isolation: Isolation): void {
  const { pid } = child;
  if (pid === undefined) return;
  // Killing `unshare` kills process 1 of its namespace, and with it every process in there.
  const processes = isolation.processes === 'namespace' ? [] : readProcessTree(pid).processes.slice(1);
  for (const target of [-pid, ...processes]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  }
}

function startFailed(error: NodeJS.ErrnoException): AppError {
  return new AppError({
    kind: 'failed_precondition',
    reason: 'INVALID_REQUEST',
    message: `The tests could not be started (${error.code}).`,
    cause: error,
  });
}
