import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { completionEvents } from './testing/completion-events.js';
import { startFakeDaemon } from './testing/fake-daemon.js';
import { TestBench } from './testing/test-host.js';

// The program as it is installed: run `npx tsc -b apps/cli` first.
const BIN = fileURLToPath(new URL('../bin/repoformer.mjs', import.meta.url));

let bench: TestBench;
let daemon: { close(): void };
let cancelled: Promise<unknown>;
let sent: number;

beforeEach(async () => {
  bench = new TestBench();
  sent = 0;
  writeFileSync(join(bench.work, 'a.ts'), 'one\n');
  cancelled = new Promise((resolve) => {
    void startFakeDaemon(bench.socket, {
      completion: {
        async *complete(_, { signal }) {
          signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
          yield* completionEvents([]).slice(0, 2);
          for (; !signal.aborted; sent += 1) {
            yield { event: { case: 'text', value: { text: `${'x'.repeat(8192)}\n` } } };
          }
        },
      },
    }).then((started) => (daemon = started));
  });
  while (daemon === undefined) await new Promise((wake) => setTimeout(wake, 5));
});
afterEach(() => {
  daemon.close();
  bench.remove();
});

function start() {
  const child = spawn(process.execPath, [BIN, 'complete', 'a.ts:1', '--quiet'], {
    cwd: bench.work,
    env: { PATH: process.env['PATH'], HOME: bench.home, REPOFORMER_SOCKET: bench.socket },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()));
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stderr })),
  );
  const firstOutput = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  return { child, ended, firstOutput };
}

it('ends quietly when its reader leaves, and cancels the call', async () => {
  const { child, ended, firstOutput } = start();
  await firstOutput;
  child.stdout.destroy();
  expect(await ended).toEqual({ code: 0, stderr: '' });
  expect(await cancelled).toMatchObject({ kind: 'cancelled' });
});

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('cancels the call on %s and exits with %d', async (signal, code) => {
  const { child, ended, firstOutput } = start();
  await firstOutput;
  child.stdout.resume();
  child.kill(signal);
  expect(await ended).toEqual({ code, stderr: 'repoformer: interrupted\n' });
  expect(await cancelled).toMatchObject({ kind: 'cancelled' });
});

it('asks for no more than its reader takes', async () => {
  const { child, firstOutput, ended } = start();
  await firstOutput;
  child.stdout.pause();
  for (let last = -1, still = 0; still < 10;) {
    await new Promise((wake) => setTimeout(wake, 20));
    still = sent === last ? still + 1 : 0;
    last = sent;
  }
  child.kill('SIGINT');
  child.stdout.resume();
  expect((await ended).code).toBe(130);
  // A few hundred kilobytes lie in the buffers of both processes.
  expect(sent).toBeLessThan(1000);
});
