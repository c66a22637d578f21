import { spawn } from 'node:child_process';
import { AppError, throwIfAborted } from '@repoformer/domain';

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly input?: Uint8Array;
  /** More output than this ends the command with an error. */
  readonly maxOutputBytes?: number;
}

export interface CommandResult {
  /** Undefined when the program is not on this machine. */
  readonly code: number | undefined;
  readonly stdout: Buffer;
  /** The end of it. */
  readonly stderr: string;
}

const KILL_AFTER_MS = 2_000;
const STDERR_CHARS = 16_384;
const DEFAULT_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a program without a shell, in a process group of its own that ends with it.
 *
 * @throws AppError cancelled; deadline_exceeded when it ran out of time
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { cwd, env, timeoutMs, signal, input, maxOutputBytes = DEFAULT_OUTPUT_BYTES } = options;
  throwIfAborted(signal);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  const stopSignal = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal;
  try {
    const result = await spawnToEnd(file, args, { cwd, env, input, maxOutputBytes, stopSignal });
    throwIfAborted(signal);
    if (timeout.signal.aborted) {
      throw new AppError({
        kind: 'deadline_exceeded',
        reason: 'DEADLINE_EXCEEDED',
        message: `${file} ${args[0] ?? ''}: nothing after ${timeoutMs / 1000} s; run the command again`,
      });
    }
    return result;
  } finally {
    clearTimeout(timer);
  }
}

interface SpawnOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv | undefined;
  readonly input: Uint8Array | undefined;
  readonly maxOutputBytes: number;
  readonly stopSignal: AbortSignal;
}

function spawnToEnd(
  file: string,
  args: readonly string[],
  { cwd, env, input, maxOutputBytes, stopSignal }: SpawnOptions,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let outputBytes = 0;
    let stderr = '';
    let failure: AppError | undefined;
    let killer: NodeJS.Timeout | undefined;
    const hasGroups = process.platform !== 'win32';
    const child = spawn(file, args, {
      cwd,
      env: env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
      // Clients start helpers (git, build backends), which are to end with them.
      detached: hasGroups,
    });
    const kill = (signal: NodeJS.Signals) => {
      try {
        if (hasGroups && child.pid !== undefined) process.kill(-child.pid, signal);
        else child.kill(signal);
      } catch {
        // It has ended already.
      }
    };
    const stop = () => {
      if (killer) return;
      kill('SIGTERM');
      killer = setTimeout(() => kill('SIGKILL'), KILL_AFTER_MS);
    };
    const end = (code: number | undefined) => {
      clearTimeout(killer);
      stopSignal.removeEventListener('abort', stop);
      if (failure) reject(failure);
      else resolve({ code, stdout: Buffer.concat(chunks), stderr });
    };
    child.stdout.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes <= maxOutputBytes) chunks.push(chunk);
      else {
        failure ??= new AppError({
          kind: 'resource_exhausted',
          reason: 'INTERNAL',
          message: `${file} ${args[0] ?? ''}: it wrote more than ${maxOutputBytes} bytes`,
        });
        stop();
      }
    });
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_CHARS);
    });
    // A program that ends without reading all of its input closes the pipe: its exit code says what happened.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', () => end(undefined));
    child.once('close', (code) => end(code ?? -1));
    stopSignal.addEventListener('abort', stop, { once: true });
    if (stopSignal.aborted) stop();
  });
}

/** The most telling line of what a program complained of; addresses are left out, they may hold passwords. */
export function complaint(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const line =
    lines.findLast((one) => /^(?:npm (?:ERR!|error)|error|fatal|go:)/i.test(one)) ??
    lines.findLast((one) => one !== '');
  return (line ?? 'it failed without saying why')
    .replace(/\b[a-z][a-z+]*:\/\/\S+/gi, '<address>')
    .slice(0, 300);
}
