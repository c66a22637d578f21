import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running daemon says of itself in `daemon.lock` of its data directory. */
export interface DaemonRecord {
  readonly pid: number;
  readonly socket: string;
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** Undefined when no daemon has the data directory, or the file is just being written. */
export function readDaemonRecord(dataDir: string): DaemonRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(join(dataDir, 'daemon.lock'), 'utf8')) as Partial<DaemonRecord>;
    if (!Number.isInteger(value.pid) || (value.pid ?? 0) <= 0 || typeof value.socket !== 'string')
      return undefined;
    return {
      pid: value.pid as number,
      socket: value.socket,
      version: typeof value.version === 'string' ? value.version : 'unknown',
      startedAt: typeof value.startedAt === 'string' ? value.startedAt : '',
    };
  } catch {
    return undefined;
  }
}

/** Whether a process with this id runs, whoever owns it. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** One that has ended and whose parent has not asked how; in containers that may stay so. */
function isZombie(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may hold anything.
    return status.slice(status.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
