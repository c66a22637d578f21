import { constants, fstatSync, closeSync, openSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';
import { REPOSITORY_FILE, resolveConfig, userFilePath } from '@repoformer/config';
import type { ConfigFile, Flags, Machine, ResolvedConfig } from '@repoformer/config';
import type { Host } from './host.js';

/** Larger configuration files are refused unread. */
const MAX_CONFIG_BYTES = 256 * 1024;

/** The machine as option resolving sees it. */
export function readMachine(host: Host): Machine {
  const uid = process.getuid?.();
  return {
    platform: process.platform,
    homeDir: host.env[process.platform === 'win32' ? 'USERPROFILE' : 'HOME'] || homedir(),
    tempDir: tmpdir(),
    cwd: host.cwd,
    ...(uid !== undefined && { uid }),
  };
}

/** A file's text, unless it is not there. A link, a pipe or a device in a repository is not read. */
function readConfigFile(path: string, trusted: boolean): ConfigFile | undefined {
  let descriptor: number;
  try {
    // A pipe would block the open without O_NONBLOCK; Windows knows neither flag.
    const flags =
      constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (trusted ? 0 : (constants.O_NOFOLLOW ?? 0));
    descriptor = openSync(path, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || (code === 'ELOOP' && !trusted)) return undefined;
    throw unreadable(path, code ?? 'unknown error', error);
  }
  try {
    const status = fstatSync(descriptor, { bigint: true });
    if (!status.isFile()) {
      if (!trusted) return undefined;
      throw unreadable(path, 'it is no regular file');
    }
    if (status.size > MAX_CONFIG_BYTES) throw unreadable(path, 'it is larger than 256 KiB');
    return { path, text: readFileSync(descriptor, 'utf8') };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw unreadable(path, (error as NodeJS.ErrnoException).code ?? 'unknown error', error);
  } finally {
    closeSync(descriptor);
  }
}

function unreadable(path: string, problem: string, cause?: unknown): AppError {
  return new AppError({
    kind: 'invalid_argument',
    reason: 'CONFIG_INVALID',
    message: `${path} cannot be read: ${problem}`,
    meta: { origin: path },
    cause,
  });
}

export interface Settings extends ResolvedConfig {
  readonly userFile: string;
}

/**
 * All options, from flags, environment, the user's file and, where one is given, a repository's own file.
 *
 * @throws AppError invalid_argument/CONFIG_INVALID.
 */
export function readSettings(host: Host, flags: Flags, repositoryRoot?: string): Settings {
  const machine = readMachine(host);
  const userFile = userFilePath(machine, host.env);
  const user = readConfigFile(userFile, true);
  const repository =
    repositoryRoot === undefined ? undefined : readConfigFile(join(repositoryRoot, REPOSITORY_FILE), false);
  const resolved = resolveConfig({
    flags,
    env: host.env,
    machine,
    ...(user !== undefined && { userFile: user }),
    ...(repository !== undefined && { repositoryFile: repository }),
  });
  return { ...resolved, userFile };
}
