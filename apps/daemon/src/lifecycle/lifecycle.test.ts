import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { credentials, Server } from '@grpc/grpc-js';
import { AppError } from '@repoformer/domain';
import type { CompletionEvent } from '@repoformer/domain';
import { CompletionService, createClient, RepositoryService } from '@repoformer/protocol';
import { HealthImplementation } from 'grpc-health-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sampleEvents, temporaryDirectory } from '../testing/fakes.js';
import { startTestDaemon } from '../testing/test-daemon.js';
import type { TestDaemonOptions } from '../testing/test-daemon.js';
import { readOrCreateToken } from './access-token.js';
import { prepareDataDirectory } from './data-directory.js';
import { acquireInstanceLock, LOCK_FILE } from './instance-lock.js';
import { isLoopback, listenUnix } from './listen.js';
import { processStartMark } from './process-identity.js';

let directory: string;
const cleanups: (() => unknown)[] = [];
beforeEach(async () => {
  const temporary = await temporaryDirectory();
  directory = temporary.path;
  cleanups.push(() => temporary.remove());
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const facts = { socket: '/nonexistent/d.sock', version: '1' };
const lockPath = (): string => join(directory, LOCK_FILE);

/** Id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid as number;
}

describe('acquireInstanceLock', () => {
  it('names its holder, refuses a second one, and is free once released', async () => {
    const lock = await acquireInstanceLock(directory, facts);
    expect(JSON.parse(readFileSync(lockPath(), 'utf8'))).toMatchObject({ pid: process.pid, ...facts });
    await expect(acquireInstanceLock(directory, facts)).rejects.toMatchObject({
      kind: 'already_exists',
      reason: 'DAEMON_ALREADY_RUNNING',
      meta: { pid: String(process.pid) },
    });
    lock.release();
    expect(readdirSync(directory)).toEqual([]);
    (await acquireInstanceLock(directory, facts)).release();
  });

  it('takes over from a process that is gone', async () => {
    writeFileSync(lockPath(), JSON.stringify({ pid: await deadPid(), socket: '/nonexistent/x' }));
    const lock = await acquireInstanceLock(directory, facts);
    expect(readdirSync(directory)).toEqual([LOCK_FILE]);
    lock.release();
  });

  it.skipIf(processStartMark(process.pid) === undefined)(
    'takes over when the process id belongs to another process now',
    async () => {
      writeFileSync(
        lockPath(),
        JSON.stringify({ pid: process.pid, processMark: 'another', socket: '/nonexistent/x' }),
      );
      (await acquireInstanceLock(directory, facts)).release();
    },
  );

  it('believes a socket that answers, whatever the process id says', async () => {
    const socket = join(directory, 'live.sock');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    cleanups.push(() => server.close());
    writeFileSync(lockPath(), JSON.stringify({ pid: await deadPid(), socket }));
    await expect(acquireInstanceLock(directory, facts)).rejects.toMatchObject({ meta: { socket } });
  });

  it('respects a lock that is just being written, but not an old unreadable one', async () => {
    writeFileSync(lockPath(), '');
    await expect(acquireInstanceLock(directory, facts)).rejects.toMatchObject({
      reason: 'DAEMON_ALREADY_RUNNING',
    });
    const { utimesSync } = await import('node:fs');
    utimesSync(lockPath(), 0, 0);
    (await acquireInstanceLock(directory, facts)).release();
  });

  it('is held by one of many who start at once', async () => {
    writeFileSync(lockPath(), JSON.stringify({ pid: await deadPid(), socket: '/nonexistent/x' }));
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => acquireInstanceLock(directory, facts)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(readdirSync(directory)).toEqual([LOCK_FILE]);
  });

  it('does not remove a lock that is no longer its own', async () => {
    const lock = await acquireInstanceLock(directory, facts);
    writeFileSync(lockPath(), 'of another');
    lock.release();
    expect(readFileSync(lockPath(), 'utf8')).toBe('of another');
  });
});

describe('prepareDataDirectory', () => {
  it('creates it for this user only, and gives its real path', () => {
    const path = join(directory, 'a', 'b');
    symlinkSync(directory, join(directory, 'link'));
    expect(prepareDataDirectory(join(directory, 'link', 'a', 'b'))).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('refuses one that everyone may write to, and a file', () => {
    const open = join(directory, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    expect(() => prepareDataDirectory(open)).toThrow(/writable by everyone/);
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(() => prepareDataDirectory(file)).toThrow(AppError);
  });

  it.runIf(process.platform === 'linux')('refuses a place where nothing can be made, and returns', () => {
    expect(() => prepareDataDirectory('/proc/repoformer/x')).toThrow(/ENOENT/);
  });
});

describe('the Unix socket', () => {
  const server = (): Server => {
    const created = new Server();
    new HealthImplementation().addToServer(
      created as unknown as Parameters<HealthImplementation['addToServer']>[0],
    );
    cleanups.push(() => created.forceShutdown());
    return created;
  };

  it('is private to this user, and so is a directory made for it', async () => {
    const path = join(directory, 'run', 'd.sock');
    const before = process.umask();
    const remove = await listenUnix(server(), path);
    expect(process.umask()).toBe(before);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'run')).mode & 0o777).toBe(0o700);
    remove();
    expect(existsSync(path)).toBe(false);
  });

  it('replaces one that a killed process left', async () => {
    const path = join(directory, 'd.sock');
    const child = spawn(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`,
    ]);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(path)).toBe(true);
    await listenUnix(server(), path);
  });

  it('never takes the place of one that answers, nor of another file', async () => {
    const path = join(directory, 'd.sock');
    await listenUnix(server(), path);
    await expect(listenUnix(server(), path)).rejects.toMatchObject({ reason: 'DAEMON_ALREADY_RUNNING' });
    const file = join(directory, 'file');
    writeFileSync(file, 'precious');
    await expect(listenUnix(server(), file)).rejects.toMatchObject({ reason: 'CONFIG_INVALID' });
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  it('says when its path is too long for the system', async () => {
    const path = join(directory, 'x'.repeat(120));
    await expect(listenUnix(server(), path)).rejects.toMatchObject({
      reason: 'CONFIG_INVALID',
      message: expect.stringContaining('shorter --socket'),
    });
  });
});

describe('the TCP address', () => {
  const start = async (options: TestDaemonOptions) => {
    const daemon = await startTestDaemon(options);
    cleanups.push(() => daemon.close());
    return daemon;
  };
  const client = (port: number | undefined, token?: string) => {
    const made = createClient(RepositoryService, `127.0.0.1:${port}`, token === undefined ? {} : { token });
    cleanups.push(() => made.close());
    return made;
  };

  it('is loopback, or refused', async () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) expect(isLoopback(host)).toBe(true);
    for (const host of ['0.0.0.0', '::', '192.168.0.1', 'example.org', '1270.0.1']) {
      expect(isLoopback(host)).toBe(false);
    }
    await expect(start({ settings: { listen: { host: '0.0.0.0', port: 0 } } })).rejects.toMatchObject({
      reason: 'CONFIG_INVALID',
      message: expect.stringContaining('--allow-remote'),
    });
  });

  it('says when the port is in use', async () => {
    const { daemon } = await start({ settings: { listen: { host: '127.0.0.1', port: 0 } } });
    const listen = { host: '127.0.0.1', port: daemon.tcpPort as number };
    await expect(start({ settings: { listen } })).rejects.toMatchObject({
      reason: 'CONFIG_INVALID',
      message: expect.stringContaining('in use'),
    });
  });

  it.each(['127.0.0.1', '0.0.0.0'])(
    'asks for the token at %s, for health as well, but not at the socket',
    async (host) => {
      const test = await start({ settings: { listen: { host, port: 0 }, allowRemote: true } });
      const file = join(test.directory, 'token');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const token = readFileSync(file, 'utf8').trim();
      const { tcpPort } = test.daemon;
      const refused = { kind: 'unauthenticated', reason: 'UNAUTHENTICATED' };
      await expect(client(tcpPort).listRepositories({})).rejects.toMatchObject(refused);
      await expect(client(tcpPort, `${token}x`).listRepositories({})).rejects.toMatchObject(refused);
      await expect(client(tcpPort, '').listRepositories({})).rejects.toMatchObject(refused);
      expect((await client(tcpPort, token).listRepositories({})).repositories).toEqual([]);
      expect((await test.client(RepositoryService).listRepositories({})).repositories).toEqual([]);

      const { loadPackageDefinition } = await import('@grpc/grpc-js');
      const { service } = await import('grpc-health-check');
      const Health = (loadPackageDefinition({ Health: service }) as Record<string, never>)[
        'Health'
      ] as unknown as new (
        address: string,
        from: unknown,
      ) => { check(request: object, done: (error: { code: number } | null) => void): void; close(): void };
      const health = new Health(`127.0.0.1:${tcpPort}`, credentials.createInsecure());
      cleanups.push(() => health.close());
      const error = await new Promise<{ code: number } | null>((resolve) => health.check({}, resolve));
      expect(error?.code).toBe(16);
    },
  );

  it('refuses a token file that others can read, or that holds next to nothing', () => {
    const path = join(directory, 'token');
    const token = readOrCreateToken(path);
    expect(readOrCreateToken(path)).toBe(token);
    chmodSync(path, 0o644);
    expect(() => readOrCreateToken(path)).toThrow(/read by others/);
    const short = join(directory, 'short');
    writeFileSync(short, 'abc\n', { mode: 0o600 });
    expect(() => readOrCreateToken(short)).toThrow(/fewer than/);
  });
});

describe('stopping', () => {
  const begun = (): { complete: TestDaemonOptions['complete']; finish: () => void; aborted: unknown[] } => {
    let finish!: () => void;
    const go = new Promise<void>((resolve) => (finish = resolve));
    const aborted: unknown[] = [];
    return {
      finish: () => finish(),
      aborted,
      complete: async function* (_request, signal) {
        const [first, ...rest] = sampleEvents(['text']) as [CompletionEvent, ...CompletionEvent[]];
        yield first;
        await Promise.race([
          go,
          new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
        ]);
        if (signal.aborted) {
          aborted.push(signal.reason);
          throw signal.reason;
        }
        yield* rest;
      },
    };
  };

  it('lets a completion finish, ends watches at once and takes no new calls', async () => {
    const run = begun();
    const test = await startTestDaemon({ complete: run.complete });
    cleanups.push(() => test.close());
    const repositories = test.client(RepositoryService);
    await repositories.addRepository({ root: '/r' });
    const watch = repositories.watchRepository({ repository: '/r' });
    await watch.next();
    const completion = test.client(CompletionService).complete({});
    await completion.next();

    const stopped = test.daemon.stop(60_000);
    await expect(watch.next()).rejects.toMatchObject({ kind: 'unavailable', reason: 'SHUTTING_DOWN' });
    await expect(repositories.listRepositories({})).rejects.toMatchObject({ kind: 'unavailable' });
    run.finish();
    const kinds: (string | undefined)[] = [];
    for await (const { event } of completion) kinds.push(event.case);
    expect(kinds).toEqual(['context', 'text', 'finished']);
    await stopped;
    expect(existsSync(test.socket)).toBe(false);
  });

  it('cancels what outlasts the grace', async () => {
    const run = begun();
    const test = await startTestDaemon({ complete: run.complete });
    cleanups.push(() => test.close());
    const completion = test.client(CompletionService).complete({});
    await completion.next();
    const next = completion.next();
    next.catch(() => {});
    await test.daemon.stop(10);
    await expect(next).rejects.toMatchObject({ kind: 'unavailable', reason: 'SHUTTING_DOWN' });
    expect(run.aborted).toMatchObject([{ reason: 'SHUTTING_DOWN' }]);
  });
});
