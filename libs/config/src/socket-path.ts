import type { Environment, Machine } from './machine.js';
import { isAbsolutePath, joinPath } from './machine.js';

/** Bytes a socket's path may have: `sun_path` less its terminating zero. */
export function maxSocketPathBytes(platform: string): number {
  return platform === 'linux' ? 107 : 103;
}

/** Bytes of the UTF-8 form. */
function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** FNV-1a, 64 bits, as 16 hex digits. The directories it is used in are private, so nobody aims at collisions. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i += 1) {
    value = BigInt.asUintN(64, (value ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  }
  return value.toString(16).padStart(16, '0');
}

/**
 * The socket that belongs to a data directory. Daemon and client both ask here, so they meet. The path is
 * `repoformerd.sock` in the data directory unless the system cannot bind one that long; the short paths lie in
 * a directory that only this user may enter, which whoever binds the socket creates with mode 0700.
 */
export function socketPathOf(dataDir: string, machine: Machine, env: Environment): string {
  if (machine.platform === 'win32') return `\\\\.\\pipe\\repoformer-${hash(dataDir.toLowerCase())}`;
  const limit = maxSocketPathBytes(machine.platform);
  const name = `${hash(dataDir)}.sock`;
  const runtimeDir = env['XDG_RUNTIME_DIR'];
  const privateName = `repoformer-${machine.uid ?? 'user'}`;
  const candidates = [
    joinPath(machine, dataDir, 'repoformerd.sock'),
    ...(runtimeDir !== undefined && isAbsolutePath(machine, runtimeDir)
      ? [joinPath(machine, runtimeDir, 'repoformer', name)]
      : []),
    joinPath(machine, machine.tempDir, privateName, name),
  ];
  return candidates.find((path) => utf8Length(path) <= limit) ?? joinPath(machine, '/tmp', privateName, name);
}
