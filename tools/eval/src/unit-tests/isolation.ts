import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandboxArguments, SANDBOX_SCRIPT, UNSHARE } from './sandbox-script.js';

/** What kept a run of tests apart from this machine. */
export interface Isolation {
  /** `none`: nothing but the run's own loopback could be reached. */
  readonly network: 'none' | 'host';
  /** `namespace`: the run could neither see nor outlive its limits; `group`: a process could leave its group. */
  readonly processes: 'namespace' | 'group';
  /** `work_directory`: the rest of the file system was read-only. */
  readonly writes: 'work_directory' | 'host';
}

export const NO_ISOLATION: Isolation = { network: 'host', processes: 'group', writes: 'host' };

const PROBE_TIMEOUT_MS = 20_000;
const FROM_OUTSIDE = 'written-outside';
const FROM_INSIDE = 'written-inside';

/** Tries as hostile code would: takes the read-only mount back, writes outside, and looks for a way to the network. */
const PROBE = `
mount -o remount,bind,rw / 2>/dev/null
echo x 2>/dev/null >"../${FROM_OUTSIDE}"
echo x >"${FROM_INSIDE}" || exit 3
[ "$(grep -c : /proc/net/dev)" = 1 ] || exit 4
`;

let detected: Promise<Isolation> | undefined;

/**
 * What isolation this machine permits, measured once a process by running a probe in the sandbox. `NO_ISOLATION` where
 * namespaces are not available: other systems than Linux, or Linux that forbids them to users.
 */
export function detectIsolation(): Promise<Isolation> {
  detected ??= probe();
  return detected;
}

async function probe(): Promise<Isolation> {
  if (process.platform !== 'linux') return NO_ISOLATION;
  const root = await realpath(await mkdtemp(join(tmpdir(), 'repoformer-probe-')));
  try {
    const workDirectory = join(root, 'work');
    await mkdir(workDirectory);
    const limits = {
      workDirectory,
      directory: workDirectory,
      processes: 64,
      dataBytes: 2 ** 30,
      fileBytes: 2 ** 20,
      cpuSeconds: 10,
      guardSeconds: 15,
    };
    const [file, ...args] = UNSHARE;
    const command = ['sh', '-c', PROBE];
    const code = await exitCodeOf(file, [
      ...args,
      'sh',
      '-c',
      SANDBOX_SCRIPT,
      'sandbox',
      ...sandboxArguments(limits, 1_000),
      ...command,
    ]);
    if (code !== 0) return NO_ISOLATION;
    const leaked = await stat(join(root, FROM_OUTSIDE)).then(
      () => true,
      () => false,
    );
    return { network: 'none', processes: 'namespace', writes: leaked ? 'host' : 'work_directory' };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function exitCodeOf(file: string, args: readonly string[]): Promise<number | undefined> {
  return new Promise((done) => {
    const child = spawn(file, args, {
      stdio: 'ignore',
      timeout: PROBE_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      env: { PATH: process.env.PATH },
    });
    child.once('error', () => done(undefined));
    child.once('exit', (code) => done(code ?? undefined));
  });
}
