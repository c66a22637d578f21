import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { abortError, throwIfAborted } from '@repoformer/domain';
import { SourceError } from './source-error.js';

export interface PipOptions {
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** Pip is stopped when nothing has arrived for this long. */
  readonly stallTimeoutMs: number;
  /** Called with the bytes that have arrived so far. */
  readonly onBytes: (doneBytes: number) => void;
}

const CANDIDATES: readonly (readonly string[])[] = [['python3'], ['python'], ['py', '-3']];
const PROBE_TIMEOUT_MS = 30_000;
const KILL_AFTER_MS = 2_000;
const POLL_MS = 200;
const OUTPUT_LIMIT = 16_384;

/**
 * The machine's Python that has pip, as a command line.
 *
 * @param directory an empty directory to run in: Python looks for modules where it runs.
 * @throws SourceError when there is none.
 */
export async function findPython(
  directory: string,
  options: Pick<PipOptions, 'signal' | 'env'>,
): Promise<readonly string[]> {
  for (const command of CANDIDATES) {
    const timeout = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const signal = AbortSignal.any([options.signal, timeout]);
    const outcome = await run([...command, '-m', 'pip', '--version'], directory, options.env, signal);
    throwIfAborted(options.signal);
    if (outcome.code === 0) return command;
  }
  throw new SourceError('unreachable', 'it needs python3 with pip on this machine, which is not there');
}

/**
 * Lets pip download one wheel, following the machine's own settings (mirrors, proxies, certificates).
 * Nothing is installed; wheels run no code when downloaded.
 *
 * @param staging a directory of our own; pip's temporary files go there too, so that progress can be seen.
 * @returns the wheel's path.
 * @throws SourceError; AppError cancelled.
 */
export async function pipDownload(
  python: readonly string[],
  requirement: string,
  staging: string,
  options: PipOptions,
): Promise<string> {
  const command = [
    ...[...python, '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-input'],
    ...['--no-cache-dir', '--no-color', '--progress-bar', 'off', '--no-deps', '--only-binary', ':all:'],
    ...['--dest', staging, requirement],
  ];
  const env = { ...options.env, TMPDIR: staging, TEMP: staging, TMP: staging };
  const stall = new AbortController();
  const watcher = watchArrivals(staging, options, stall);
  const outcome = await run(command, staging, env, AbortSignal.any([options.signal, stall.signal])).finally(
    () => clearInterval(watcher),
  );
  if (options.signal.aborted) throw abortError(options.signal);
  if (stall.signal.aborted) {
    throw new SourceError('unreachable', `pip: nothing came for ${options.stallTimeoutMs / 1000} s`);
  }
  if (outcome.code !== 0) throw new SourceError('unreachable', `pip: ${complaint(outcome.stderr)}`);
  const wheel = (await readdir(staging)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new SourceError('unreachable', `pip brought no wheel for ${requirement}`);
  return join(staging, wheel);
}

function watchArrivals(staging: string, options: PipOptions, stall: AbortController): NodeJS.Timeout {
  let last = 0;
  let most = 0;
  let idleMs = 0;
  let looking = false;
  return setInterval(() => {
    if (looking) return;
    looking = true;
    void bytesUnder(staging).then((bytes) => {
      looking = false;
      idleMs = bytes === last ? idleMs + POLL_MS : 0;
      last = bytes;
      // Pip copies the finished file and removes the first: what has arrived does not become less by that.
      most = Math.max(most, bytes);
      options.onBytes(most);
      if (idleMs >= options.stallTimeoutMs) stall.abort();
    });
  }, POLL_MS);
}

async function bytesUnder(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => []);
  let total = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    total += await stat(join(entry.parentPath, entry.name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return total;
}

interface Outcome {
  /** Undefined: it could not be started, or was killed. */
  readonly code: number | undefined;
  readonly stderr: string;
}

function run(
  [file = '', ...args]: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let stderr = '';
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'], windowsHide: true });
    let killer: NodeJS.Timeout | undefined;
    const stop = () => {
      child.kill('SIGTERM');
      killer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const end = (code: number | undefined) => {
      clearTimeout(killer);
      signal.removeEventListener('abort', stop);
      resolve({ code, stderr });
    };
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      stderr = (stderr + text).slice(-OUTPUT_LIMIT);
    });
    child.once('error', () => end(undefined));
    child.once('close', (code) => end(code ?? undefined));
  });
}

/** Pip's own last error line; addresses are left out, since those of mirrors may hold passwords. */
function complaint(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const line = lines.findLast((one) => one.startsWith('ERROR:')) ?? lines.findLast((one) => one !== '');
  return (line ?? 'it failed without saying why')
    .replace(/^ERROR:\s*/, '')
    .replace(/\b[a-z][a-z+]*:\/\/\S+/gi, '<address>')
    .slice(0, 300);
}
