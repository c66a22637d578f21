import { readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { AppError } from '@repoformer/domain';
import { resolveConfig, userFilePath } from '@repoformer/config';
import type { ConfigFile, Flags, Machine, ResolvedConfig } from '@repoformer/config';

function readIfThere(path: string): ConfigFile | undefined {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new AppError({
      kind: 'invalid_argument',
      reason: 'CONFIG_INVALID',
      message: `${path}: cannot be read (${code})`,
      cause: error,
    });
  }
}

/**
 * The daemon's options from flags, environment and the user's file. Repositories have no say in them.
 *
 * @throws AppError invalid_argument/CONFIG_INVALID.
 */
export function readConfig(flags: Flags): ResolvedConfig {
  const uid = process.getuid?.();
  const machine: Machine = {
    platform: process.platform,
    homeDir: homedir(),
    tempDir: tmpdir(),
    cwd: process.cwd(),
    ...(uid !== undefined && { uid }),
  };
  const userFile = readIfThere(userFilePath(machine, process.env));
  return resolveConfig({ flags, env: process.env, machine, ...(userFile !== undefined && { userFile }) });
}
