import { homedir, tmpdir } from 'node:os';
import type { Machine } from '@repoformer/config';

/** What resolving options needs to know of this machine. */
export function thisMachine(): Machine {
  const uid = process.getuid?.();
  return {
    platform: process.platform,
    homeDir: homedir(),
    tempDir: tmpdir(),
    cwd: process.cwd(),
    ...(uid !== undefined && { uid }),
  };
}
