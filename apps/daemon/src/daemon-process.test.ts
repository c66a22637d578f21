import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CompletionService, IndexState, ModelService, RepositoryService } from '@repoformer/protocol';
import type { Repository } from '@repoformer/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DaemonProcess } from './testing/daemon-process.js';
import { temporaryDirectory } from './testing/fakes.js';

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

const dataDirectory = (): string => join(directory, 'data dir');

function start(...args: string[]): DaemonProcess {
  const daemon = new DaemonProcess(dataDirectory(), args);
  cleanups.push(() => daemon.dispose());
  return daemon;
}

async function started(...args: string[]): Promise<DaemonProcess> {
  const daemon = start(...args);
  await daemon.logged('listening');
  return daemon;
}

/** A git repository with one commit. */
function createRepository(): string {
  const root = join(directory, 'repository');
  mkdirSync(root);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: root });
  git('init', '-q');
  writeFileSync(join(root, 'a.py'), 'def unusual_name(x):\n    return x + 1\n');
  git('add', '.');
  git('commit', '-qm', 'first');
  return root;
}

async function indexed(daemon: DaemonProcess, root: string): Promise<Repository> {
  for await (const { repository } of daemon.client(RepositoryService).watchRepository({ repository: root })) {
    if (repository?.state === IndexState.READY && repository.indexedCommit === repository.headCommit) {
      return repository;
    }
  }
  throw new Error('the watch ended');
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Clients connected to a daemon's socket now. */
function connectionsOf(daemon: DaemonProcess): number {
  const rows = readFileSync('/proc/net/unix', 'utf8').split('\n');
  // State 03 is connected; the listening socket itself has 01.
  return rows.filter((row) => row.endsWith(daemon.socket) && row.split(/\s+/)[5] === '03').length;
}

describe('the command line', () => {
  it('prints version, help and configuration without starting anything', async () => {
    const version = await start('--version').ended();
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    const help = await start('--help').ended();
    expect(help.code).toBe(0);
    for (const flag of ['--data-dir', '--listen', '--log-to-file', '--print-config']) {
      expect(help.stdout).toContain(flag);
    }
    const printed = await start('--print-config', '--top-k', '7').ended();
    expect(JSON.parse(printed.stdout)).toMatchObject({
      'top-k': { value: 7, origin: '--top-k' },
      'log-level': { value: 'info', origin: 'default' },
    });
    expect(existsSync(dataDirectory())).toBe(false);
  });

  it('says in one line what is wrong, and ends with 2', async () => {
    for (const args of [['--nope'], ['--top-k', 'many'], ['--listen', '0.0.0.0:0'], ['stray']]) {
      const { code, stderr } = await start(...args).ended();
      expect([args, code]).toEqual([args, 2]);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toMatch(/^repoformerd: /);
    }
  });
});

describe('a running daemon', () => {
  it('indexes, completes and stops with all its files removed', async () => {
    const root = createRepository();
    const daemon = await started();
    expect(statSync(dataDirectory()).mode & 0o777).toBe(0o700);
    expect(statSync(daemon.socket).mode & 0o777).toBe(0o600);
    await daemon.client(RepositoryService).addRepository({ root });
    expect(await indexed(daemon, root)).toMatchObject({ root, files: 1n });

    const kinds: (string | undefined)[] = [];
    for await (const { event } of daemon
      .client(CompletionService)
      .complete({ repository: root, path: 'b.py', prefix: 'x = ', maxTokens: 4 })) {
      kinds.push(event.case);
    }
    expect(kinds.slice(0, 2)).toEqual(['decision', 'context']);
    expect(kinds.at(-1)).toBe('finished');
    const { models } = await daemon.client(ModelService).listModels({});
    expect(models).toMatchObject([{ loaded: true, family: 'repoformer', selfSelecting: true }]);

    const { code } = await daemon.end('SIGTERM');
    expect(code).toBe(0);
    const left = readdirSync(dataDirectory());
    expect(left).not.toContain('repoformerd.sock');
    expect(left.filter((name) => name.startsWith('daemon.lock'))).toEqual([]);
  });

  it('is the only one of its data directory', async () => {
    const first = await started();
    const { code, stderr } = await start().ended();
    expect(code).toBe(3);
    expect(stderr).toContain(String(first.child.pid));
    // Another socket does not make it another data directory.
    const second = await start('--socket', join(directory, 'other.sock')).ended();
    expect(second.code).toBe(3);
    expect((await first.client(RepositoryService).listRepositories({})).repositories).toEqual([]);
  });

  it('is replaced after kill -9, with everything it knew', async () => {
    const root = createRepository();
    const first = await started();
    await first.client(RepositoryService).addRepository({ root });
    await indexed(first, root);
    await first.end('SIGKILL');
    expect(existsSync(first.socket)).toBe(true);
    const second = await started();
    expect(await indexed(second, root)).toMatchObject({ root, files: 1n });
  });

  it('starts once when many start at the same time', async () => {
    const daemons = Array.from({ length: 3 }, () => start());
    const codes = await Promise.all(
      daemons.map((daemon) =>
        Promise.race([
          daemon.logged('listening').then(() => 'up'),
          daemon.ended().then(({ code }) => code),
        ]).catch(() => 3),
      ),
    );
    expect(codes.filter((code) => code === 'up')).toHaveLength(1);
    expect(codes.filter((code) => code === 3)).toHaveLength(2);
  });

  it('lets a running completion finish when it is told to stop', async () => {
    const daemon = await started();
    const events = daemon
      .client(CompletionService)
      .complete({ prefix: 'numbers = [\n    1,\n', maxTokens: 200, mode: 3 });
    await events.next();
    const ended = daemon.end('SIGTERM');
    let last: string | undefined;
    for await (const { event } of events) last = event.case;
    expect(last).toBe('finished');
    expect((await ended).code).toBe(0);
  });

  it.runIf(process.platform === 'linux')('ends at once at a second signal', async () => {
    const daemon = await started();
    await daemon.logged('model loaded');
    const { pid } = daemon.child;
    const engine = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
    // A completion that does not end keeps the daemon draining.
    process.kill(engine, 'SIGSTOP');
    cleanups.push(() => process.kill(engine, 'SIGKILL'));
    const completion = daemon.client(CompletionService).complete({ prefix: 'x = ' }).next();
    completion.catch(() => {});
    await until(() => connectionsOf(daemon) > 0);
    daemon.child.kill('SIGTERM');
    await daemon.logged('stopping');
    const { code } = await daemon.end('SIGINT');
    expect(code).toBe(1);
    await expect(completion).rejects.toMatchObject({ kind: 'unavailable' });
    expect(daemon.lines().at(-1)).toMatchObject({ msg: 'ending at once', signal: 'SIGINT' });
    expect(existsSync(daemon.socket)).toBe(false);
    expect(readdirSync(dataDirectory())).not.toContain('daemon.lock');
  });

  it('survives the end of its terminal', async () => {
    const daemon = await started();
    daemon.child.kill('SIGHUP');
    await daemon.logged('SIGHUP ignored');
    expect((await daemon.client(RepositoryService).listRepositories({})).repositories).toEqual([]);
  });

  it('says why the index cannot be opened, and opens it once it can', async () => {
    mkdirSync(dataDirectory(), { mode: 0o700 });
    const blocked = join(dataDirectory(), 'index');
    writeFileSync(blocked, '');
    const daemon = await started();
    await daemon.logged('index not available; starting it again');
    const client = daemon.client(RepositoryService);
    await expect(client.listRepositories({})).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    rmSync(blocked);
    await daemon.logged('index ready');
    expect((await client.listRepositories({})).repositories).toEqual([]);
  });

  it('answers without a model, saying why there is none', async () => {
    const daemon = await started('--model', join(directory, 'missing.gguf'));
    await expect(daemon.client(CompletionService).complete({}).next()).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'MODEL_NOT_LOADED',
      message: expect.stringContaining('missing.gguf'),
    });
    expect((await daemon.client(RepositoryService).listRepositories({})).repositories).toEqual([]);
  });

  it('logs to a file of its own when told to, readable by this user only', async () => {
    const daemon = start('--log-to-file', '--log-level', 'debug');
    const file = join(dataDirectory(), 'daemon.log');
    await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('"listening"'));
    await daemon.client(RepositoryService).listRepositories({});
    expect((await daemon.end('SIGTERM')).code).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['starting', 'listening', 'stopped']));
    expect(lines).toContainEqual(
      expect.objectContaining({ method: 'repoformer.v1.RepositoryService/ListRepositories', status: 'OK' }),
    );
    expect(daemon.stderr).toBe('');
  });
});
