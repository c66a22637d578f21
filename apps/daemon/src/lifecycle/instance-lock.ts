import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@repoformer/domain';
import { isProcessAlive, processStartMark } from './process-identity.js';
import { probeSocket } from './socket-probe.js';

/** Name of the lock within the data directory. */
export const LOCK_FILE = 'daemon.lock';

/** What the lock file holds, as JSON: who serves this data directory, and where. */
export interface LockRecord {
  readonly pid: number;
  /** Tells the process from a later one with the same id; absent where the platform does not say. */
  readonly processMark?: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly socket: string;
  readonly version: string;
}

export interface InstanceLock {
  /** Removes the lock file, if it is still this process's own. Synchronous: it must work while exiting. */
  release(): void;
}

/** A lock without readable content may be one that is just being written. */
const UNREADABLE_GRACE_MS = 5_000;
const ATTEMPTS = 10;
/** Time in which a starter that wrongly moved this lock aside would have shown. */
const SETTLE_MS = 30;

function alreadyRunning(record: LockRecord | undefined, directory: string): AppError {
  return new AppError({
    kind: 'already_exists',
    reason: 'DAEMON_ALREADY_RUNNING',
    message:
      record === undefined
        ? `A daemon is starting with the data directory ${directory}.`
        : `A daemon (process ${record.pid}) already serves ${directory} at ${record.socket}.`,
    meta: record === undefined ? {} : { pid: String(record.pid), socket: record.socket },
  });
}

function parseRecord(text: string): LockRecord | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockRecord>;
    return Number.isInteger(value.pid) && typeof value.socket === 'string'
      ? (value as LockRecord)
      : undefined;
  } catch {
    return undefined;
  }
}

async function isLive(record: LockRecord): Promise<boolean> {
  if (isProcessAlive(record.pid)) {
    const mark = processStartMark(record.pid);
    if (record.processMark === undefined || mark === undefined || mark === record.processMark) return true;
  }
  // Seen from another container the process id means nothing, but its socket would answer.
  return (await probeSocket(record.socket)) === 'answers';
}

function readLock(path: string): { text: string; ageMs: number } | undefined {
  try {
    return { text: readFileSync(path, 'utf8'), ageMs: Date.now() - statSync(path).mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Creates the lock with its content in one step; false when there is one already. */
function tryCreate(path: string, text: string): boolean {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(draft, text, { flag: 'wx', mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // Some file systems have no hard links.
    try {
      writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
      return true;
    } catch (second) {
      if ((second as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw second;
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes a lock whose owner is gone, unless another starter has replaced it meanwhile. */
function removeStale(path: string, staleText: string): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') !== staleText) tryCreate(path, readFileSync(aside, 'utf8'));
  rmSync(aside, { force: true });
}

/**
 * Makes this process the only daemon of a data directory. A lock left by a killed process is recognised by its
 * process id, start and socket, and taken over.
 *
 * @throws AppError already_exists/DAEMON_ALREADY_RUNNING; failed_precondition/STORE_UNAVAILABLE.
 */
export async function acquireInstanceLock(
  directory: string,
  facts: { readonly socket: string; readonly version: string },
): Promise<InstanceLock> {
  const path = join(directory, LOCK_FILE);
  const processMark = processStartMark(process.pid);
  const record: LockRecord = {
    pid: process.pid,
    ...(processMark !== undefined && { processMark }),
    startedAt: new Date().toISOString(),
    ...facts,
  };
  const text = `${JSON.stringify(record)}\n`;
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (tryCreate(path, text)) {
        await delay(SETTLE_MS);
        const now = readLock(path);
        if (now?.text === text) return { release: () => release(path, text) };
        throw alreadyRunning(now && parseRecord(now.text), directory);
      }
      const held = readLock(path);
      if (held === undefined) continue;
      const holder = parseRecord(held.text);
      if (holder === undefined ? held.ageMs < UNREADABLE_GRACE_MS : await isLive(holder)) {
        throw alreadyRunning(holder, directory);
      }
      removeStale(path, held.text);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'STORE_UNAVAILABLE',
      message: `The lock file ${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`,
      cause: error,
    });
  }
  throw alreadyRunning(undefined, directory);
}

function release(path: string, text: string): void {
  try {
    if (readFileSync(path, 'utf8') === text) rmSync(path, { force: true });
  } catch {
    // It is gone already, or the disk is: nothing is left to release.
  }
}
