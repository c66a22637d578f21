import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { maxSocketPathBytes } from '@repoformer/config';
import type { Config } from '@repoformer/config';
import { fail, ok, warn } from './check.js';
import type { CheckResult } from './check.js';
import { formatBytes } from '../render/units.js';

const OLDEST_NODE = [20, 19] as const;
const GIT_TIMEOUT_MS = 10_000;
/** Below this the next model does not fit. */
const SCARCE_BYTES = 1e9;
/** Below this the index cannot grow. */
const EXHAUSTED_BYTES = 50e6;

export function checkNode(version: string): CheckResult {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const recent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return recent
    ? ok('node', version)
    : fail('node', `${version} is too old`, `install Node ${OLDEST_NODE.join('.')} or later`);
}

/** Only people need git: we read repositories ourselves. */
export async function checkGit(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<CheckResult> {
  try {
    const { stdout } = await promisify(execFile)('git', ['--version'], {
      env,
      signal,
      timeout: GIT_TIMEOUT_MS,
    });
    return ok('git', stdout.trim().replace(/^git version /, ''));
  } catch {
    return warn('git', 'no git command on the PATH', 'install git; indexing does without it');
  }
}

export function checkDataDirectory(directory: string): CheckResult {
  const name = 'data directory';
  if (!existsSync(directory)) return ok(name, `${directory} (will be created)`);
  try {
    const status = statSync(directory);
    if (!status.isDirectory())
      return fail(name, `${directory} is no directory`, 'choose another with --data-dir');
    if (process.getuid !== undefined && status.uid !== process.getuid()) {
      return fail(name, `${directory} belongs to another user`, 'choose another with --data-dir');
    }
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
      const mode = (status.mode & 0o777).toString(8);
      const text = `${directory} is open to others (mode ${mode}), and what is in it tells of your code`;
      return (status.mode & 0o002) !== 0
        ? fail(name, text, `chmod 700 '${directory}'`)
        : warn(name, text, `chmod 700 '${directory}'`);
    }
    return ok(name, directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return fail(name, `${directory} cannot be used (${code ?? 'unknown error'})`, 'check its permissions');
  }
}

export function checkSocketPath(socket: string): CheckResult {
  const limit = maxSocketPathBytes(process.platform);
  const bytes = Buffer.byteLength(socket);
  return process.platform !== 'win32' && bytes > limit
    ? fail(
        'socket',
        `${socket} has ${bytes} bytes; the system allows ${limit}`,
        'choose a shorter one with --socket',
      )
    : ok('socket', socket);
}

export async function checkDiskSpace(directory: string): Promise<CheckResult> {
  let place = directory;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    const { bavail, bsize } = await statfs(place);
    const free = bavail * bsize;
    const text = `${formatBytes(free)} free for ${directory}`;
    if (free < EXHAUSTED_BYTES) return fail('disk space', text, 'free some space: the index cannot grow');
    return free < SCARCE_BYTES
      ? warn('disk space', text, 'a model needs up to several GB')
      : ok('disk space', text);
  } catch {
    return warn('disk space', `it cannot be told for ${directory}`, 'look with your own tools');
  }
}

/** Name of llama.cpp's prebuilt package for a machine, and of those with GPU support. */
export function backendPackages(platform: string, arch: string): { base: string; gpu: readonly string[] } {
  if (platform === 'darwin') {
    return arch === 'arm64' ? { base: 'mac-arm64-metal', gpu: [] } : { base: 'mac-x64', gpu: [] };
  }
  const system = platform === 'win32' ? 'win' : 'linux';
  const machine = arch === 'arm' ? 'armv7l' : arch;
  const base = `${system}-${machine}`;
  return { base, gpu: machine === 'x64' ? [`${base}-cuda`, `${base}-vulkan`] : [] };
}

/** Whether llama.cpp's binaries for this machine are installed. */
export function checkBackend(gpu: Config['gpu'], platform: string, arch: string): CheckResult {
  const packages = backendPackages(platform, arch);
  const withGpu = packages.gpu.filter(isInstalled);
  if (!isInstalled(packages.base) && withGpu.length === 0) {
    return fail(
      'inference',
      `the package @node-llama-cpp/${packages.base} is not installed`,
      'run "npm ci"; on other machines than linux-x64 see docs/adr on installing a backend',
    );
  }
  if (packages.base === 'mac-arm64-metal') return ok('inference', 'llama.cpp with Metal');
  if (gpu === 'none') return ok('inference', 'llama.cpp on the CPU (gpu is none)');
  return ok(
    'inference',
    withGpu.length > 0
      ? `llama.cpp with ${withGpu.join(', ')}`
      : 'llama.cpp on the CPU; no GPU package is installed',
  );
}

function isInstalled(name: string): boolean {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(directory, 'node_modules', '@node-llama-cpp', name, 'package.json');
    try {
      // Packages of other machines may be replaced by an empty one.
      const found = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string };
      return found.name === `@node-llama-cpp/${name}`;
    } catch {
      if (dirname(directory) === directory) return false;
      directory = dirname(directory);
    }
  }
}
