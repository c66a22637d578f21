import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DecisionOutcome, IndexState } from '@repoformer/protocol';
import type { RetrieveRequest, ScoreRequest } from '@repoformer/protocol';
import { OPTION_TABLE } from '@repoformer/config';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repositoryNotFound, startFakeDaemon } from '../testing/fake-daemon.js';
import type { FakeParts } from '../testing/fake-daemon.js';
import { TestBench } from '../testing/test-host.js';

let bench: TestBench;
let daemon: { close(): void } | undefined;

beforeEach(() => {
  bench = new TestBench();
  execFileSync('git', ['init', '-q', bench.work]);
  writeFileSync(join(bench.work, 'a.ts'), 'one\ntwo\n');
});
afterEach(() => {
  daemon?.close();
  daemon = undefined;
  bench.remove();
});
const serve = async (parts: FakeParts): Promise<void> => {
  daemon = await startFakeDaemon(bench.socket, parts);
};

const id = '0a1b2c3d4e5f6071';
const repository = () => ({ id, root: bench.work, state: IndexState.READY, files: 3n });

describe('repo', () => {
  it('add registers, and without a terminal returns at once', async () => {
    let root = '';
    await serve({
      repository: { addRepository: (request) => ((root = request.root), { repository: repository() }) },
    });
    const result = await bench.run(['repo', 'add']);
    expect(root).toBe(bench.work);
    expect(result).toMatchObject({ code: 0, stdout: `registered ${bench.work} (${id})\n` });
  });

  it('add --wait follows the index until it is complete', async () => {
    await serve({
      repository: {
        addRepository: () => ({ repository: { ...repository(), state: IndexState.PENDING } }),
        async *watchRepository() {
          const indexing = { ...repository(), state: IndexState.INDEXING, headCommit: 'b' };
          yield { repository: { ...indexing, progress: { filesDone: 1n, filesTotal: 3n, bytesDone: 10n } } };
          yield { repository: { ...repository(), headCommit: 'b', indexedCommit: 'a' } };
          yield {
            repository: { ...repository(), headCommit: 'b', indexedCommit: 'b', skipped: { binary: 2n } },
          };
          throw new Error('nobody should be listening any more');
        },
      },
    });
    const { stdout, code } = await bench.run(['repo', 'add', '--wait']);
    expect(stdout).toBe(
      `indexed ${bench.work} (${id})\n  3 files, 0 chunks, 0 lines\n  2 left out: 2 binary\n`,
    );
    expect(code).toBe(0);
    const screen = await bench.run(['repo', 'add'], { terminal: true });
    expect(screen.stderr).toContain('indexing 1 of 3 files (33 %), 10 B');
    const events = (await bench.run(['repo', 'add', '--wait', '--json'])).stdout.trimEnd().split('\n');
    expect(events).toHaveLength(4);
    expect(JSON.parse(events[3] ?? '')).toMatchObject({
      repository: { indexedCommit: 'b', files: '3', skipped: { binary: '2' } },
    });
  });

  it('add --wait fails as the index does', async () => {
    await serve({
      repository: {
        addRepository: () => ({ repository: repository() }),
        async *watchRepository() {
          yield { repository: { ...repository(), state: IndexState.FAILED, problem: 'a pack is damaged' } };
        },
      },
    });
    expect(await bench.run(['repo', 'add', '--wait'])).toMatchObject({
      code: 1,
      stderr: 'repoformer: a pack is damaged\n',
    });
  });

  it('list, status and remove', async () => {
    let removed = '';
    await serve({
      repository: {
        listRepositories: () => ({ repositories: [repository()] }),
        getRepository: (request) => {
          if (![id, bench.work].includes(request.repository)) throw repositoryNotFound(request.repository);
          return { repository: repository() };
        },
        removeRepository: (request) => ((removed = request.repository), {}),
      },
    });
    expect((await bench.run(['repo', 'list'])).stdout).toBe(`${id}  ready  -  3 files  ${bench.work}\n`);
    expect((await bench.run(['repo', 'status', id])).stdout).toContain(`repository  ${bench.work}\n`);
    const json = JSON.parse((await bench.run(['repo', 'status', '--json'])).stdout) as unknown;
    expect(json).toEqual({
      repository: { id, root: bench.work, state: 'INDEX_STATE_READY', files: '3' },
    });
    expect((await bench.run(['repo', 'remove'])).stdout).toBe(`removed ${bench.work}\n`);
    expect(removed).toBe(id);
    expect(await bench.run(['repo', 'status', '/nowhere'])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(
        'repoformer: No registered repository is at /nowhere.\n  hint: register it',
      ),
    });
  });
});

describe('retrieve and decide', () => {
  it('send what is around the place', async () => {
    let retrieved: RetrieveRequest | undefined;
    let scored: ScoreRequest | undefined;
    await serve({
      repository: { getRepository: () => ({ repository: repository() }) },
      retrieval: {
        retrieve: (request) => {
          retrieved = request;
          const chunk = { path: 'b.ts', startLine: 4, endLine: 6, score: 0.25, text: 'x\ny' };
          return { chunks: [chunk], retrieveMs: 1.5, indexedCommit: 'c'.repeat(40) };
        },
      },
      policy: {
        score: (request) => {
          scored = request;
          return { decision: { outcome: DecisionOutcome.ABSTAIN, policy: 'similarity', reason: 'no hit' } };
        },
      },
    });
    const found = await bench.run(['retrieve', 'a.ts:2:2', '--top-k', '3', '--following']);
    expect(found.stdout).toBe('0.25  b.ts:5-6\n5 | x\n6 | y\n');
    expect(found.stderr).toBe('1 chunk in 1.5 ms, index at cccccccccc\n');
    expect(retrieved).toMatchObject({
      repository: id,
      path: 'a.ts',
      prefix: 'one\nt',
      suffix: 'wo\n',
      topK: 3,
      following: true,
    });
    const decided = await bench.run(['decide', 'a.ts:2', '--policy', 'similarity', '--threshold', '0.5']);
    expect(decided.stdout).toBe('abstain  similarity: no hit\n');
    expect(scored).toMatchObject({ policy: 'similarity', threshold: 0.5, prefix: 'one\ntwo' });
    await bench.run(['decide', 'a.ts:2']);
    expect(scored).toMatchObject({ policy: '' });
  });

  it('retrieve needs a registered repository', async () => {
    await serve({});
    expect(await bench.run(['-q', 'retrieve', 'a.ts:1'])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(
        `the repository ${bench.work} is not registered\n  hint: register it with`,
      ),
    });
  });
});

describe('status', () => {
  it('shows daemon, models and repositories', async () => {
    await serve({
      model: {
        listModels: () => ({
          models: [
            {
              name: 'm',
              roles: ['generator'],
              loaded: true,
              family: 'qwen',
              device: 'cpu',
              memoryBytes: 5_000_000n,
              counters: { requests: 2n, evaluatedTokens: 100n },
            },
          ],
        }),
      },
      repository: { listRepositories: () => ({ repositories: [repository()] }) },
    });
    const { stdout } = await bench.run(['status']);
    expect(stdout).toContain('model   m (generator): family qwen, on cpu, 5.0 MB of memory\n  2 requests');
    expect(stdout).toContain(`  ${id}  ready  -  3 files  ${bench.work}\n`);
    expect(JSON.parse((await bench.run(['status', '--json'])).stdout)).toMatchObject({
      daemon: { socket: bench.socket },
      models: [{ name: 'm', counters: { requests: '2' } }],
      repositories: [{ id }],
    });
  });

  it('starts nothing', async () => {
    expect(await bench.run(['status'])).toMatchObject({ code: 3, stdout: '' });
    expect(existsSync(join(bench.home, '.local'))).toBe(false);
  });
});

it('says so when the daemon runs with another model than the one asked for', async () => {
  await serve({ model: { listModels: () => ({ models: [{ name: 'small', roles: ['generator'] }] }) } });
  const { stderr } = await bench.run(['repo', 'list', '--model', 'large']);
  expect(stderr).toContain('The daemon runs with the model small, not large: run "repoformer down"');
  expect((await bench.run(['repo', 'list', '--model', 'small'])).stderr).not.toContain('runs with');
});

describe('hooks', () => {
  it('are installed, shown and taken out again, in a repository with a space in its path', async () => {
    const root = join(bench.directory, 'my repo');
    execFileSync('git', ['init', '-q', root]);
    const hook = join(root, '.git', 'hooks', 'post-commit');
    writeFileSync(hook, '#!/bin/sh\necho mine\n', { mode: 0o755 });
    const installed = await bench.run(['hooks', 'install', root]);
    expect(installed).toMatchObject({ code: 0, stderr: '' });
    expect(installed.stdout.match(/installed/g)).toHaveLength(4);
    expect(readFileSync(hook, 'utf8')).toContain('echo mine');
    const report = JSON.parse((await bench.run(['hooks', 'status', root, '--json'])).stdout) as {
      hooks: { spoolDirectory: string }[];
    };
    expect(report.hooks[0]?.spoolDirectory).toBe(join(bench.home, '.local/share/repoformer/spool'));
    const elsewhere = await bench.run(['hooks', 'status', root, '--data-dir', '/elsewhere']);
    expect(elsewhere.stderr).toContain('report to another data directory');
    expect((await bench.run(['hooks', 'uninstall', root])).stdout.match(/absent/g)).toHaveLength(4);
    expect(readFileSync(hook, 'utf8')).toBe('#!/bin/sh\necho mine\n');
  });

  it('need a repository', async () => {
    expect((await bench.run(['hooks', 'install', bench.home])).code).toBe(2);
  });
});

describe('config show', () => {
  it('prints every option with its origin', async () => {
    writeFileSync(join(bench.work, '.repoformer.json'), '{\n  "max-lines": 3\n}');
    const { stdout } = await bench.run(['config', 'show', '--top-k', '4'], {
      env: { REPOFORMER_GPU: 'none' },
    });
    const rows = new Map(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => [line.split(' ')[0], line.replace(/ {2,}/g, ' | ')]),
    );
    expect(rows.size).toBe(OPTION_TABLE.length);
    expect(rows.get('top-k')).toBe('top-k | 4 | --top-k');
    expect(rows.get('gpu')).toBe('gpu | none | REPOFORMER_GPU');
    expect(rows.get('max-lines')).toBe(`max-lines | 3 | ${bench.work}/.repoformer.json:2`);
    expect(rows.get('policy')).toBe('policy | auto | default');
    const json = JSON.parse((await bench.run(['config', 'show', '--json'])).stdout) as Record<
      string,
      unknown
    >;
    expect(json['listen']).toEqual({ value: null, origin: { kind: 'default' } });
  });

  it("refuses what a repository's file may not set, with exit code 2", async () => {
    writeFileSync(join(bench.work, '.repoformer.json'), '{"socket": "/tmp/evil"}');
    expect(await bench.run(['config', 'show'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("socket may not be set by a repository's file"),
    });
  });

  it("does not read a repository's file through a link, nor a pipe", async () => {
    symlinkSync('/etc/passwd', join(bench.work, '.repoformer.json'));
    expect((await bench.run(['config', 'show'])).code).toBe(0);
    const root = join(bench.directory, 'piped');
    execFileSync('git', ['init', '-q', root]);
    execFileSync('mkfifo', [join(root, '.repoformer.json')]);
    expect((await bench.run(['config', 'show'], { cwd: root })).code).toBe(0);
  });
});

describe('doctor', () => {
  it('says for each trouble what to do, and fails where something fails', async () => {
    mkdirSync(join(bench.home, 'data'), { mode: 0o777 });
    execFileSync('chmod', ['777', join(bench.home, 'data')]);
    const result = await bench.run([
      'doctor',
      '--data-dir',
      join(bench.home, 'data'),
      '--model',
      './none.gguf',
    ]);
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/^ok {4}node /);
    expect(result.stdout).toMatch(/fail {2}data directory .*mode 777.*\n.*-> chmod 700/);
    expect(result.stdout).toMatch(/fail {2}model .*none\.gguf/);
    expect(result.stdout).toMatch(/warn {2}daemon .*none answers/);
    expect(result.stdout).toMatch(/warn {2}hooks .*\n.*-> repoformer hooks install/);
  });

  it('finds nothing wrong with the model that comes along, a daemon that answers and an index at HEAD', async () => {
    await serve({
      repository: {
        getRepository: () => ({ repository: { ...repository(), headCommit: 'a', indexedCommit: 'a' } }),
      },
    });
    const { stdout, code } = await bench.run(['doctor', '--json', '--model', 'repoformer-nano']);
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { name: string; level: string }[] };
    expect({ ok, code }).toEqual({ ok: true, code: 0 });
    expect(checks.filter(({ level }) => level !== 'ok').map(({ name }) => name)).toEqual(['hooks']);
  });
});

describe('model', () => {
  it('lists, shows and verifies those of the catalogue', async () => {
    expect((await bench.run(['model', 'list'])).stdout).toMatch(/repoformer-nano +comes along/);
    expect((await bench.run(['model', 'show', 'repoformer-nano'])).stdout).toMatch(/^sha256 +[0-9a-f]{64}$/m);
    expect((await bench.run(['model', 'show', 'repoformer-nano'])).stdout).not.toContain('tuned');
    const policies = join(bench.home, '.local/share/repoformer/models/policies');
    mkdirSync(policies, { recursive: true });
    writeFileSync(join(policies, 'repoformer-nano.json'), '');
    expect((await bench.run(['model', 'show', 'repoformer-nano'])).stdout).toContain(
      `classifier, tuned on this machine: ${policies}`,
    );
    expect((await bench.run(['model', 'verify', 'repoformer-nano'])).stdout).toMatch(/^ok {4}.*\.gguf\n$/);
    expect(await bench.run(['model', 'show', 'none'])).toMatchObject({ code: 4, stdout: '' });
  });

  it('pulls nothing when offline', async () => {
    const result = await bench.run(['model', 'pull', '--offline']);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('offline');
  });
});

describe('the command line', () => {
  it.each([
    [['statsu'], "unknown command 'statsu' (Did you mean status?)"],
    [['status', '--jso'], "unknown option '--jso' (Did you mean --json?)"],
    [['status', 'extra'], "too many arguments for 'status'. Expected 0 arguments but got 1."],
    [['completion', 'tcsh'], 'shell: "tcsh" is none of bash, zsh, fish'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const result = await bench.run(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr.split('\n')[0]).toBe(`repoformer: ${message}`);
  });

  it('explains itself', async () => {
    const help = await bench.run(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('Exit codes:\n  0    done\n');
    expect((await bench.run([])).stdout).toBe(help.stdout);
    expect((await bench.run(['help', 'complete'])).stdout).toContain(
      'Examples:\n  repoformer complete src/main.py:42',
    );
    expect(await bench.run(['repo'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Commands:'),
    });
    expect((await bench.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
