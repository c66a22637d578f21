import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { safeName, tryLock, type CorpusRepository, type TestCommand } from '@repoformer/dataset';
import { AppError, throwIfAborted } from '@repoformer/domain';
import { writeWhole } from '@repoformer/policy-tool';
import { testClientOf, type TestClient } from './test-client.js';

export interface EnvironmentOptions {
  /** Environments are kept below it. */
  readonly cacheDirectory: string;
  /** The run's folder: what was installed is written down in it, and installed again elsewhere. */
  readonly labelsDirectory: string;
  /** For one call of a client. Default 10 minutes. */
  readonly timeoutMs?: number;
  /** Of the clients. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** How a repository's tests are run here. */
export interface TestEnvironment {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const DEFAULT_TIMEOUT_MS = 600_000;
const LOCK_POLL_MS = 500;
/** Written last: a folder without it was left half-made. */
const STAMP = 'installed.lock';

/**
 * Installs what a repository's tests need by the ecosystem's own client, in a folder of the cache, once. The versions
 * that came of it are written to `tests/<repository>.lock` in the run's folder; where that is there already, exactly
 * these are installed.
 *
 * @throws AppError failed_precondition where there is no client; unavailable naming the repository when it fails
 */
export async function prepareTestEnvironment(
  { name, languages, tests }: Pick<CorpusRepository, 'name' | 'languages'> & { readonly tests: TestCommand },
  options: EnvironmentOptions,
): Promise<TestEnvironment> {
  const { install, command } = tests;
  if (install.length === 0) return { command, env: {} };
  const client = testClientOf(languages);
  if (!client) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${name}: nothing installs dependencies of tests in ${languages.join(', ')}; take "install" out of its entry`,
    });
  }
  try {
    const directory = await installOnce(name, client, install, options);
    return { command: client.command(directory, command), env: client.variables(directory) };
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.kind !== 'unavailable') throw cause;
    throw new AppError({
      kind: 'unavailable',
      reason: 'CONFIG_INVALID',
      message: `${name}: what its tests need was not installed: ${cause.message}`,
      cause,
    });
  }
}

async function installOnce(
  name: string,
  client: TestClient,
  install: readonly string[],
  options: EnvironmentOptions,
): Promise<string> {
  const { cacheDirectory, labelsDirectory, signal } = options;
  const settings = { env: options.env ?? process.env, timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS };
  const runtime = await client.runtime({ ...settings, signal });
  const folderFor = (lock: string | undefined) => {
    const digest = createHash('sha256').update(JSON.stringify([client.name, runtime, install, lock ?? '']));
    return join(cacheDirectory, 'tests', `${client.name}-${digest.digest('hex').slice(0, 16)}`);
  };
  const lockFile = join(labelsDirectory, 'tests', `${safeName(name)}.lock`);
  const wanted = await readIfThere(lockFile);
  const unlocked = folderFor(undefined);
  // What was installed without a lock may be just what the lock says.
  const isFresh = wanted === undefined || (await readIfThere(join(unlocked, STAMP))) === wanted;
  const directory = isFresh ? unlocked : folderFor(wanted);
  await mkdir(join(cacheDirectory, 'tests'), { recursive: true });
  const release = await takeLock(`${directory}.lock`, signal);
  try {
    let installed = await readIfThere(join(directory, STAMP));
    if (installed === undefined) {
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory);
      const lock = isFresh ? {} : { lock: wanted! };
      installed = await client.install({ directory, install, ...lock, ...settings, signal });
      await writeWhole(join(directory, STAMP), installed);
    }
    if (wanted === undefined) await writeWhole(lockFile, installed);
  } finally {
    await release();
  }
  return directory;
}

/** Waits for another process that installs the same. */
async function takeLock(path: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  for (;;) {
    throwIfAborted(signal);
    const lock = await tryLock(path);
    if (lock) return () => lock.release();
    await sleep(LOCK_POLL_MS);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
