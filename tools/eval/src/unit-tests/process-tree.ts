import { readdirSync, readFileSync } from 'node:fs';

/** What a process and all that descend from it use. */
export interface TreeUsage {
  readonly processes: readonly number[];
  /** Resident memory that is not backed by files. Pages shared after a fork count once for each process. */
  readonly memoryBytes: number;
}

/**
 * Looks at a process and its descendants. Empty where there is no /proc. Reads synchronously: a few microseconds a process,
 * and a fork storm must not get ahead of its observer.
 */
export function readProcessTree(root: number): TreeUsage {
  const children = new Map<number, number[]>();
  for (const pid of processIds()) {
    const parent = parentOf(pid);
    if (parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  const processes = [root];
  for (let at = 0; at < processes.length; at++)
    processes.push(...(children.get(processes[at] as number) ?? []));
  return { processes, memoryBytes: processes.reduce((sum, pid) => sum + memoryOf(pid), 0) };
}

/** How many processes and threads this user has; 0 where that cannot be told. */
export function countProcessesOfUser(): number {
  const user = process.getuid?.();
  let count = 0;
  for (const pid of processIds()) {
    const status = readProc(pid, 'status');
    if (Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) === user)
      count += Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]);
  }
  return count;
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function parentOf(pid: number): number | undefined {
  const stat = readProc(pid, 'stat');
  // The program's name, in parentheses, may hold anything; the state and the parent follow the last parenthesis.
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 1).split(' ')[2]);
  return stat === '' || Number.isNaN(parent) ? undefined : parent;
}

function memoryOf(pid: number): number {
  const status = readProc(pid, 'status');
  const kib = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return (kib('RssAnon') + kib('RssShmem')) * 1024;
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    // It ended in the meantime.
    return '';
  }
}
