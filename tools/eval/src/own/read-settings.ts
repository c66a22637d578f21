import { readFile } from 'node:fs/promises';
import {
  resolveConfig,
  userFilePath,
  type ConfigFile,
  type Flags,
  type ResolvedConfig,
} from '@repoformer/config';
import { fileError, thisMachine } from '@repoformer/dataset';

/**
 * The daemon's options as it would find them now, from flags, environment and the user's file. Repositories have no say
 * in them.
 *
 * @param flags by option name; those that are undefined were not given
 * @throws AppError invalid_argument/CONFIG_INVALID
 */
export async function readSettings(
  flags: Flags,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ResolvedConfig> {
  const machine = thisMachine();
  const userFile = await readIfThere(userFilePath(machine, env));
  return resolveConfig({ flags, env, machine, ...(userFile && { userFile }) });
}

async function readIfThere(path: string): Promise<ConfigFile | undefined> {
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fileError(path, error);
  }
}
