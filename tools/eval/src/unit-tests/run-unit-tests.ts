import { access, constants, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { AppError, invalidArgument } from '@repoformer/domain';
import { copyRepository, replaceFile } from './copy-repository.js';
import { detectIsolation, NO_ISOLATION, type Isolation } from './isolation.js';
import { runLimited, type LimitedRun } from './run-limited.js';

export type TestOutcome = 'passed' | 'failed' | 'timed_out' | 'killed_memory';

export interface UnitTestOptions {
  /** The package with its tests. It is copied, and never written to. */
  readonly repositoryRoot: string;
  /** The file that was completed, relative to the root, forward slashes. */
  readonly path: string;
  /** All of that file's text. */
  readonly text: string;
  /** Program and arguments, started in the copy's root; no shell. */
  readonly command: readonly string[];
  /** Wall clock. */
  readonly timeoutMs: number;
  /** Of all processes together; default 2 GiB. */
  readonly memoryBytes?: number;
  /** Processor time of one process; default: as long as `timeoutMs`. */
  readonly cpuSeconds?: number;
  /** Processes and threads at a time; default 256. */
  readonly processes?: number;
  /** Largest file that may be written; default 256 MiB. */
  readonly fileBytes?: number;
  /** Largest repository that is copied; default 1 GiB. */
  readonly maxRepositoryBytes?: number;
  /** Besides status 0, the output's end must match this: a completed body may itself end the process with 0. */
  readonly successPattern?: RegExp;
  /** More variables for the tests. What this process has in its environment is not passed on, but for PATH. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * `required` (default): refuses to run where the network cannot be cut off. `none`: runs with this user's rights and
   * network, with limits only; for code that is trusted.
   */
  readonly isolation?: 'required' | 'none';
  readonly signal?: AbortSignal;
}

export interface UnitTestResult {
  readonly outcome: TestOutcome;
  readonly exitCode?: number;
  /** The last 64 KiB of what the tests wrote; may hold source text. */
  readonly output: string;
  /** What was in force. */
  readonly isolation: Isolation;
  readonly elapsedMs: number;
}

/**
 * Runs a package's own tests on a copy of it in which one file is replaced. The copy and all that the tests leave behind
 * are removed.
 *
 * @throws AppError failed_precondition where isolation is required and not to be had; invalid_argument, not_found,
 * resource_exhausted about repository, path or command; cancelled.
 */
export async function runUnitTests(options: UnitTestOptions): Promise<UnitTestResult> {
  const isolation = options.isolation === 'none' ? NO_ISOLATION : await requireIsolation();
  await requireProgram(options.command, options.env?.['PATH'] ?? process.env.PATH ?? '');
  const workDirectory = await realpath(await mkdtemp(join(tmpdir(), 'repoformer-tests-')));
  try {
    const directory = join(workDirectory, 'repository');
    const [home, temporary] = [join(workDirectory, 'home'), join(workDirectory, 'tmp')];
    await Promise.all([mkdir(home), mkdir(temporary)]);
    await copyRepository(options.repositoryRoot, directory, {
      maxBytes: options.maxRepositoryBytes ?? 2 ** 30,
      signal: options.signal,
    });
    await replaceFile(directory, options.path, options.text);
    const run = await runLimited({
      workDirectory,
      directory,
      command: options.command,
      env: { ...cleanEnvironment(home, temporary), ...options.env },
      isolation,
      timeoutMs: options.timeoutMs,
      memoryBytes: options.memoryBytes ?? 2 * 2 ** 30,
      cpuSeconds: options.cpuSeconds ?? Math.ceil(options.timeoutMs / 1000),
      processes: options.processes ?? 256,
      fileBytes: options.fileBytes ?? 256 * 2 ** 20,
      signal: options.signal,
    });
    return {
      outcome: outcomeOf(run, options.successPattern),
      ...(run.exitCode === undefined ? {} : { exitCode: run.exitCode }),
      output: run.output,
      isolation,
      elapsedMs: run.elapsedMs,
    };
  } finally {
    await rm(workDirectory, { recursive: true, force: true, maxRetries: 3 });
  }
}

function outcomeOf({ ended, exitCode, output }: LimitedRun, successPattern: RegExp | undefined): TestOutcome {
  if (ended === 'timeout') return 'timed_out';
  if (ended === 'memory') return 'killed_memory';
  const passed =
    ended === 'exit' &&
    exitCode === 0 &&
    (successPattern === undefined || output.search(successPattern) !== -1);
  return passed ? 'passed' : 'failed';
}

async function requireIsolation(): Promise<Isolation> {
  const isolation = await detectIsolation();
  if (isolation.network === 'none') return isolation;
  throw new AppError({
    kind: 'failed_precondition',
    reason: 'INVALID_REQUEST',
    message:
      'This machine does not let programs be cut off from the network (Linux with unprivileged user namespaces and ' +
      'util-linux are needed), and generated code is about to be run. Run elsewhere, or set isolation to none for code that you trust.',
  });
}

function cleanEnvironment(home: string, temporary: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: home,
    ...{ TMPDIR: temporary, TEMP: temporary, TMP: temporary },
    LANG: 'C.UTF-8',
    CI: '1',
    NO_COLOR: '1',
    // The same order of sets and dictionaries in each run, and no bytecode that could outlive its source.
    ...{ PYTHONHASHSEED: '0', PYTHONDONTWRITEBYTECODE: '1' },
  };
}

async function requireProgram([program]: readonly string[], searched: string): Promise<void> {
  if (program === undefined || program === '') throw invalidArgument('command', 'names no program.');
  // A path, unlike a name, is taken from the root of the copy.
  if (program.includes('/')) return;
  for (const folder of searched.split(delimiter)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return;
  }
  throw invalidArgument('command', `${program} is not on the PATH.`);
}
