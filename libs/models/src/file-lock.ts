import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { abortError, throwIfAborted } from '@repoformer/domain';
import { errorCode } from './file-error.js';

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

export interface LockOptions {
  readonly signal?: AbortSignal;
  /** Called each time the lock is found held by another process. */
  readonly onWait?: () => void;
  /** How often a holder shows that it lives; it counts as dead after six times that. Default 5,000. */
  readonly heartbeatMs?: number;
  /** How often a waiting process looks again. Default 250. */
  readonly pollMs?: number;
}

export interface HeldLock {
  release(): Promise<void>;
}

const BEATS_UNTIL_DEAD = 6;
const DEFAULT_HEARTBEAT_MS = 5_000;

/**
 * Waits for a lock file and takes it. A lock whose process has died, or has not touched it for six heartbeats
 * (a reused process id, another machine on the same disk), is taken over.
 *
 * In the instant in which two processes take over the same dead lock, both may come to hold it: what it guards
 * must be checked afterwards, as a download is by its checksum.
 *
 * @throws AppError cancelled.
 */
export async function acquireFileLock(path: string, options: LockOptions = {}): Promise<HeldLock> {
  for (;;) {
    const lock = await tryFileLock(path, options);
    if (lock !== undefined) return lock;
    options.onWait?.();
    await delay(options.pollMs ?? 250, undefined, { signal: options.signal }).catch((error: unknown) => {
      throw options.signal?.aborted ? abortError(options.signal) : error;
    });
  }
}

/** As {@link acquireFileLock}, but does not wait: undefined when a living process holds the lock. */
export async function tryFileLock(path: string, options: LockOptions = {}): Promise<HeldLock | undefined> {
  const heartbeatMs = options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS;
  throwIfAborted(options.signal);
  const own: Holder = { pid: process.pid, host: hostname(), token: randomBytes(12).toString('hex') };
  const text = JSON.stringify(own);
  if (!(await create(path, text))) {
    if (!(await removeDead(path, heartbeatMs * BEATS_UNTIL_DEAD))) return undefined;
    if (!(await create(path, text))) return undefined;
  }
  const beat = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      if ((await readHolder(path))?.text === text) await rm(path, { force: true });
    },
  };
}

async function create(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(draft, text, { flag: 'wx' });
    // A link appears with its content; a file written in place could be read while still empty.
    await link(draft, path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    // No hard links here. The heartbeat's grace covers the instant in which the file is empty.
    return await writeFile(path, text, { flag: 'wx' }).then(
      () => true,
      (second: unknown) => {
        if (errorCode(second) === 'EEXIST') return false;
        throw second;
      },
    );
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whether the lock is gone, because its holder released it or is dead. */
async function removeDead(path: string, silenceMs: number): Promise<boolean> {
  const found = await readHolder(path);
  if (found === undefined) return true;
  if (found.ageMs <= silenceMs && !hasDied(found.holder)) return false;
  const aside = `${path}.${randomBytes(6).toString('hex')}.dead`;
  try {
    await rename(path, aside);
    // Another process may have taken over since we looked: give it its lock back.
    const moved = await readFile(aside, 'utf8');
    if (moved !== found.text) {
      await create(path, moved);
      return false;
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function readHolder(
  path: string,
): Promise<{ text: string; ageMs: number; holder: Partial<Holder> } | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    const ageMs = Date.now() - (await stat(path)).mtimeMs;
    return { text, ageMs, holder: parseHolder(text) };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text: string): Partial<Holder> {
  try {
    return (JSON.parse(text) as Partial<Holder> | null) ?? {};
  } catch {
    return {};
  }
}

function hasDied({ pid, host }: Partial<Holder>): boolean {
  if (pid === undefined || !Number.isInteger(pid) || pid <= 0 || host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM: it lives, under another user.
    return errorCode(error) === 'ESRCH';
  }
}
