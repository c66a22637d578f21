import { open, readFile, rename, rm } from 'node:fs/promises';
import { fileError } from './jsonl.js';

/** A piece of work that one process at a time does. */
export interface WorkLock {
  release(): Promise<void>;
}

/**
 * Takes a lock file for this process, or says that another living process has it. The lock of a process that died
 * is taken over. For one machine: process ids mean nothing to another.
 */
export async function tryLock(path: string): Promise<WorkLock | undefined> {
  for (;;) {
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(path, error);
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (owner > 0 && isAlive(owner)) return undefined;
    // Whoever moves it aside may try to take it; another who was as fast finds nothing to move.
    const aside = `${path}.${process.pid}`;
    const moved = await rename(path, aside).then(
      () => true,
      () => false,
    );
    if (moved) await rm(aside, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
