import { open, readFile, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfAborted } from '@repoformer/domain';
import { fileError } from './jsonl.js';

/** A piece of work that one process at a time does. */
export interface WorkLock {
  release(): Promise<void>;
}

const RETRY_MS = 20;
/** Between two looks at a lock that a living process has. */
const WAIT_MS = 200;
/** Clearing away a dead process's lock takes milliseconds; whoever is at it longer died over it. */
const CLEARING_MS = 10_000;

/**
 * Takes a lock file for this process, or says that another living process has it. The lock of a process that died
 * is cleared away. For one machine: process ids mean nothing to another.
 */
export async function tryLock(path: string): Promise<WorkLock | undefined> {
  for (;;) {
    if (await create(path)) return { release: () => rm(path, { force: true }) };
    if (await isHeld(path)) return undefined;
    await clear(path);
  }
}

/** Takes a lock file for this process, once whoever has it is done. @throws AppError cancelled */
export async function waitForLock(path: string, signal: AbortSignal): Promise<WorkLock> {
  for (;;) {
    throwIfAborted(signal);
    const lock = await tryLock(path);
    if (lock) return lock;
    await sleep(WAIT_MS);
  }
}

/** Removes a dead process's lock; one process at a time, or the second would remove the lock of the first. */
async function clear(path: string): Promise<void> {
  const guard = `${path}.clearing`;
  if (await create(guard)) {
    if (!(await isHeld(path))) await rm(path, { force: true });
    await rm(guard, { force: true });
    return;
  }
  const age = await stat(guard).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (age > CLEARING_MS) await rm(guard, { force: true });
  await sleep(RETRY_MS);
}

/** @returns false when it is there already */
async function create(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    await handle.writeFile(String(process.pid));
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileError(path, error);
  }
}

async function isHeld(path: string): Promise<boolean> {
  const owner = Number(await readFile(path, 'utf8').catch(() => ''));
  if (!(owner > 0)) {
    // Just created and not written yet, unless it has been so for long.
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    return age < CLEARING_MS;
  }
  try {
    process.kill(owner, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
