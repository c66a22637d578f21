import { lstatSync, rmSync, type BigIntStats } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Server } from '@grpc/grpc-js';
import { AppError } from '@repoformer/domain';
import { prepareSocketDirectory } from './data-directory.js';
import { probeSocket } from './socket-probe.js';

/** Bytes of `sun_path` less its terminating zero. */
const MAX_SOCKET_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a host names this machine only. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function cannotListen(address: string, problem: string, cause?: unknown): AppError {
  return new AppError({
    kind: 'failed_precondition',
    reason: 'CONFIG_INVALID',
    message: `Cannot listen at ${address}: ${problem}`,
    cause,
  });
}

function bind(server: Server, target: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

/** With `bigint`: after a plain stat of a socket Node's imports no longer follow links (nodejs/node#51142). */
function statusOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

async function removeStaleSocket(path: string): Promise<void> {
  const status = statusOf(path);
  if (status === undefined) return;
  if (!status.isSocket()) throw cannotListen(path, 'there is a file of this name; choose another --socket.');
  switch (await probeSocket(path)) {
    case 'absent':
      return;
    case 'refused':
      rmSync(path, { force: true });
      return;
    default:
      throw new AppError({
        kind: 'already_exists',
        reason: 'DAEMON_ALREADY_RUNNING',
        message: `Another process answers at ${path}; stop it, or choose another --socket.`,
        meta: { socket: path },
      });
  }
}

/**
 * Binds a server to a Unix socket that only this user can open (mode 0600), removing one that a killed process
 * left behind. Call it before anything else creates files: the process's umask is narrowed meanwhile.
 *
 * @returns What removes the socket file, if it is still the one bound here.
 * @throws AppError failed_precondition/CONFIG_INVALID; already_exists/DAEMON_ALREADY_RUNNING.
 */
export async function listenUnix(server: Server, path: string): Promise<() => void> {
  const bytes = Buffer.byteLength(path);
  if (process.platform !== 'win32') {
    if (bytes > MAX_SOCKET_PATH_BYTES) {
      throw cannotListen(
        path,
        `the path has ${bytes} bytes and the system allows ${MAX_SOCKET_PATH_BYTES}; set a shorter --socket.`,
      );
    }
    prepareSocketDirectory(path);
    await removeStaleSocket(path);
  }
  const umask = process.umask(0o177);
  try {
    await bind(server, `unix:${path}`);
  } catch (error) {
    throw cannotListen(path, (error as Error).message, error);
  } finally {
    process.umask(umask);
  }
  const inode = statusOf(path)?.ino;
  return () => {
    if (inode !== undefined && statusOf(path)?.ino === inode) {
      rmSync(path, { force: true });
    }
  };
}

/**
 * Binds a server to a TCP address; returns the port, which differs from the one asked for only if that was 0.
 *
 * @throws AppError failed_precondition/CONFIG_INVALID.
 */
export async function listenTcp(server: Server, host: string, port: number): Promise<number> {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  try {
    return await bind(server, target);
  } catch (error) {
    const inUse = (error as Error).message.includes('EADDRINUSE');
    throw cannotListen(
      target,
      inUse ? 'the port is in use; choose another.' : (error as Error).message,
      error,
    );
  }
}
