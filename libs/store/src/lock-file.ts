import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';

interface LockRecord {
  readonly pid: number;
  /** Distinguishes a process from a later one that was given the same number. */
  readonly started: string;
}

/** Locks held by this very process; it may not take one twice. */
const held = new Set<string>();

/** The process's start time in the kernel's own count; empty where the system does not tell. */
function startOf(pid: number): string {
  return statFields(pid)[19] ?? '';
}

/** The fields of /proc/PID/stat from the third, the process's state, on; none where there is no such file. */
function statFields(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the name in parentheses and may hold spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One that ended but was not waited for by its parent holds nothing.
    return !/^[ZX]/.test(statFields(pid)[0] ?? '');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isHeld(path: string, record: LockRecord | undefined): boolean {
  if (!record) return false;
  if (record.pid === process.pid) return held.has(path) || record.started === selfStarted();
  if (!isAlive(record.pid)) return false;
  const started = startOf(record.pid);
  return started === '' || record.started === '' || started === record.started;
}

function selfStarted(): string {
  // Without the kernel's word, a random mark: a lock with our number that is not ours is a leftover.
  return startOf(process.pid) || fallbackStart;
}
const fallbackStart = randomBytes(8).toString('hex');

function readRecord(path: string): LockRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<LockRecord> | null;
    if (!Number.isSafeInteger(value?.pid) || value!.pid! <= 0) return undefined;
    return { pid: value!.pid!, started: String(value!.started ?? '') };
  } catch {
    return undefined;
  }
}

/**
 * Takes the directory for this process until the returned function is called. A lock left by a process that
 * is gone is taken over. Only processes of one machine that see each other's numbers are told apart.
 *
 * @throws AppError failed_precondition/STORE_IN_USE while another process holds it.
 */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, 'lock');
  const mine = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, started: selfStarted() }), { mode: 0o600 });
  try {
    for (;;) {
      try {
        // A link appears with its content or not at all, and fails where the name is taken.
        linkSync(mine, path);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const record = readRecord(path);
      if (isHeld(path, record)) throw inUse(directory, record!);
      removeStale(path, record);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  held.add(path);
  return () => {
    if (held.delete(path)) rmSync(path, { force: true });
  };
}

/** Removes the lock that was found stale, unless another process has replaced it in the meantime. */
function removeStale(path: string, stale: LockRecord | undefined): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = readRecord(aside);
  if (taken?.pid !== stale?.pid || taken?.started !== stale?.started) {
    try {
      linkSync(aside, path);
    } catch {
      // A third process holds it by now; the next round sees that one.
    }
  }
  rmSync(aside, { force: true });
}

function inUse(directory: string, record: LockRecord): AppError {
  return new AppError({
    kind: 'failed_precondition',
    reason: 'STORE_IN_USE',
    message: `the index in ${directory} is in use by process ${record.pid}: stop it, or choose another data directory`,
    meta: { directory, pid: String(record.pid) },
  });
}
