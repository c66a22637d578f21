import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { resolveConfig } from '@repoformer/config';
import type { ResolvedConfig } from '@repoformer/config';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestBench } from '../testing/test-host.js';
import { isProcessAlive, readDaemonRecord } from './daemon-lock.js';
import type { DaemonRecord } from './daemon-lock.js';
import { findDaemonExecutable, startDaemon } from './start-daemon.js';
import { stopDaemon } from './stop-daemon.js';

const GRPC = pathToFileURL(createRequire(import.meta.url).resolve('@grpc/grpc-js')).href;

/** A daemon reduced to its lock and its health. */
const SERVING = `
import grpc from ${JSON.stringify(GRPC)};
import { rmSync, writeFileSync } from 'node:fs';
const value = (name) => process.argv.find((argument) => argument.startsWith('--' + name + '=')).slice(name.length + 3);
const same = (bytes) => bytes;
const check = { path: '/grpc.health.v1.Health/Check', requestStream: false, responseStream: false,
  requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
const server = new grpc.Server();
server.addService({ check }, { check: (call, reply) => reply(null, Buffer.from([8, 1])) });
const lock = value('data-dir') + '/daemon.lock';
server.bindAsync('unix:' + value('socket'), grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  writeFileSync(lock, JSON.stringify({ pid: process.pid, socket: value('socket'), version: '9.9.9', startedAt: '' }));
});
process.on('SIGTERM', () => { rmSync(lock); process.exit(0); });
`;

let bench: TestBench;
let resolved: ResolvedConfig;
const signal = new AbortController().signal;
const env = process.env;

beforeEach(() => {
  bench = new TestBench();
  resolved = resolveConfig({
    machine: { platform: process.platform, homeDir: bench.home, tempDir: bench.directory, cwd: bench.work },
    flags: { 'data-dir': join(bench.directory, 'data') },
  });
});
afterEach(async () => {
  await stopDaemon(resolved.config.dataDir, { signal, force: true });
  bench.remove();
});

/** The process says that it answers before it writes down who it is. */
async function waitForRecord(dataDir: string): Promise<DaemonRecord> {
  for (;;) {
    const record = readDaemonRecord(dataDir);
    if (record !== undefined) return record;
    await new Promise((wake) => setTimeout(wake, 5));
  }
}

function script(text: string, name = 'daemon.mjs'): string {
  const path = join(bench.directory, name);
  writeFileSync(path, text);
  return path;
}

describe('startDaemon', () => {
  it('starts a process that outlives us, in a private directory, and stopDaemon ends it', async () => {
    const { dataDir } = resolved.config;
    await startDaemon(resolved, { env, signal, executable: script(SERVING) });
    const { pid } = await waitForRecord(dataDir);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(isProcessAlive(pid)).toBe(true);
    await expect(stopDaemon(dataDir, { signal, force: false })).resolves.toMatchObject({ pid });
    expect(isProcessAlive(pid)).toBe(false);
    await expect(stopDaemon(dataDir, { signal, force: false })).resolves.toBeUndefined();
  });

  it('tells what the daemon said when it ends early', async () => {
    const executable = script(
      `process.stderr.write('noise\\nrepoformerd: the model is broken\\n'); process.exitCode = 1;`,
    );
    await expect(startDaemon(resolved, { env, signal, executable })).rejects.toMatchObject({
      reason: 'DAEMON_UNREACHABLE',
      message: 'the daemon could not be started: the model is broken',
    });
  });

  it('tells the exit code where the daemon said nothing', async () => {
    const executable = script('process.exitCode = 7;');
    await expect(startDaemon(resolved, { env, signal, executable })).rejects.toMatchObject({
      message: 'the daemon could not be started: it ended with exit code 7',
    });
  });

  it('tries again while a killed daemon is not quite gone', async () => {
    const tries = join(bench.directory, 'tries');
    const executable = script(`import { appendFileSync, readFileSync } from 'node:fs';
appendFileSync(${JSON.stringify(tries)}, 'x');
if (readFileSync(${JSON.stringify(tries)}, 'utf8').length < 3) process.exit(3);
await import(${JSON.stringify(pathToFileURL(script(SERVING, 'serving.mjs')).href)});`);
    await startDaemon(resolved, { env, signal, executable });
    expect(readFileSync(tries, 'utf8')).toBe('xxx');
  });

  it('refuses a data directory that cannot be made', async () => {
    for (const dataDir of ['/proc/x/y', join(script('', 'file'), 'x')]) {
      const config = { ...resolved.config, dataDir };
      await expect(startDaemon({ ...resolved, config }, { env, signal })).rejects.toMatchObject({
        reason: 'CONFIG_INVALID',
        message: expect.stringContaining(`the data directory ${dataDir} cannot be used (`),
      });
    }
  });

  it('can be interrupted', async () => {
    const controller = new AbortController();
    const pidFile = join(bench.directory, 'pid');
    const executable = script(`import { writeFileSync } from 'node:fs';
writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
setTimeout(() => {}, 20000);`);
    const onWait = (): void => {
      if (existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '') controller.abort();
    };
    const started = startDaemon(resolved, { env, signal: controller.signal, executable, onWait });
    await expect(started).rejects.toMatchObject({ kind: 'cancelled' });
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  });
});

it('finds the daemon beside this program', () => {
  expect(findDaemonExecutable()).toMatch(/daemon[\\/]bin[\\/]repoformerd\.mjs$/);
});

it('does not end a process that may be another program', async () => {
  const { dataDir, socket } = resolved.config;
  mkdirSync(dataDir);
  // A lock left by a crash, whose process id is now another program's.
  const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 20000)'], { stdio: 'ignore' });
  writeFileSync(
    join(dataDir, 'daemon.lock'),
    JSON.stringify({ pid: other.pid, socket, version: '1', startedAt: '' }),
  );
  await expect(stopDaemon(dataDir, { signal, force: false })).rejects.toMatchObject({
    kind: 'failed_precondition',
    message: expect.stringContaining('does not answer'),
  });
  expect(isProcessAlive(other.pid ?? 0)).toBe(true);
  other.kill('SIGKILL');
});
