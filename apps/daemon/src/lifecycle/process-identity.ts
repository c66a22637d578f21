import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Whether a process with this id runs now, whoever owns it. One that ended and was not waited for does not run. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !(process.platform === 'linux' && /^[ZX]/.test(statFields(pid)[0] ?? ''));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * A text that tells this process from any other that had or will have its id: ids are used again, soon so after
 * a reboot. Undefined where the platform does not say.
 */
export function processStartMark(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      return `${boot}:${statFields(pid)[19]}`;
    }
    if (process.platform === 'win32') return undefined;
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      timeout: 2_000,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' },
    }).trim();
    return started === '' ? undefined : started;
  } catch {
    return undefined;
  }
}

/** The fields of /proc/PID/stat from the third, the process's state, on. */
function statFields(pid: number): string[] {
  const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses and may hold anything.
  return status.slice(status.lastIndexOf(')') + 2).split(' ');
}
