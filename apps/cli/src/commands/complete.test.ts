import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJsonString } from '@bufbuild/protobuf';
import { CompleteResponseSchema, FinishReason, IndexState, RetrievalMode } from '@repoformer/protocol';
import type { CompleteRequest } from '@repoformer/protocol';
import { AppError } from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completionEvents } from '../testing/completion-events.js';
import { repositoryNotFound, startFakeDaemon } from '../testing/fake-daemon.js';
import type { FakeParts } from '../testing/fake-daemon.js';
import { TestBench } from '../testing/test-host.js';

let bench: TestBench;
let daemon: { close(): void } | undefined;
let requests: CompleteRequest[];

beforeEach(() => {
  bench = new TestBench();
  requests = [];
  mkdirSync(join(bench.work, 'src'));
  writeFileSync(join(bench.work, 'src', 'a.ts'), 'const one = 1;\r\nconst two = ;\r\n');
});
afterEach(() => {
  daemon?.close();
  daemon = undefined;
  bench.remove();
});

async function serve(texts: readonly string[], repository: FakeParts['repository'] = {}): Promise<void> {
  daemon = await startFakeDaemon(bench.socket, {
    completion: {
      async *complete(request) {
        requests.push(request);
        yield* completionEvents(texts);
      },
    },
    repository,
  });
}

const registered = (root: string): FakeParts['repository'] => ({
  getRepository({ repository }) {
    if (repository !== root) throw repositoryNotFound(repository);
    return { repository: { id: '0a1b2c3d4e5f6071', root, state: IndexState.READY } };
  },
});
const initRepository = (): void => {
  execFileSync('git', ['init', '-q', bench.work]);
};

describe('in a pipe', () => {
  it('prints the completion and nothing else; remarks go to standard error', async () => {
    await serve(['two', 'Times(1)']);
    const result = await bench.run(['complete', 'src/a.ts:2:13']);
    expect(result.stdout).toBe('twoTimes(1)');
    expect(result.code).toBe(0);
    expect(result.stderr).toBe(`This file is in no git repository: nothing is retrieved.
retrieve  P 0.62 > 0.30  self: the model asks for context
context used, 1 chunk
  0.50  lib/b.ts:1-2
done 2 tokens, the model ended it, first after 12 ms, total 30 ms
`);
    expect(requests[0]).toMatchObject({
      repository: '',
      path: 'a.ts',
      prefix: 'const one = 1;\r\nconst two = ',
      suffix: ';\r\n',
      mode: RetrievalMode.AUTO,
      maxTokens: 0,
      explain: false,
    });
    expect(requests[0]?.threshold).toBeUndefined();
  });

  it('says nothing else with --quiet', async () => {
    await serve(['x']);
    expect(await bench.run(['--quiet', 'complete', 'src/a.ts:2'])).toEqual({
      code: 0,
      stdout: 'x',
      stderr: '',
    });
  });

  it('prints each event with --json, as the API writes it', async () => {
    await serve(['a', 'b']);
    const { stdout, stderr, code } = await bench.run(['complete', 'src/a.ts:2', '--json']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[2]).toBe('{"text":{"text":"a"},"completionId":"c1"}');
    const parsed = lines.map((line) => fromJsonString(CompleteResponseSchema, line).event);
    expect(parsed.map((event) => event.case)).toEqual(['decision', 'context', 'text', 'text', 'finished']);
    expect(parsed[4]).toMatchObject({ value: { reason: FinishReason.END, text: 'ab' } });
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  });
});

describe('on a terminal', () => {
  it('colours what is generated, ends the line, and lets no control character through', async () => {
    await serve(['one', '\x1b]0;evil\x07']);
    const { stdout } = await bench.run(['complete', 'src/a.ts:2'], { terminal: true });
    expect(stdout).toBe('\x1b[32mone\x1b[39m\x1b[32m␛]0;evil␇\x1b[39m\n');
  });

  it.each([
    ['NO_COLOR', { env: { NO_COLOR: '1' } }, []],
    ['--no-color', {}, ['--no-color']],
    ['TERM=dumb', { env: { TERM: 'dumb' } }, []],
  ])('heeds %s', async (_, options, flags) => {
    await serve(['one']);
    const { stdout } = await bench.run(['complete', 'src/a.ts:2', ...flags], { terminal: true, ...options });
    expect(stdout).toBe('one\n');
  });
});

describe('the request', () => {
  it('names the registered repository and the path within it', async () => {
    initRepository();
    await serve(['x'], registered(bench.work));
    const { stderr } = await bench.run(['complete', 'a.ts:1'], { cwd: join(bench.work, 'src') });
    expect(stderr).not.toContain('not registered');
    expect(requests[0]).toMatchObject({ repository: '0a1b2c3d4e5f6071', path: 'src/a.ts' });
  });

  it('finds it through links', async () => {
    initRepository();
    symlinkSync(bench.work, join(bench.directory, 'link'));
    await serve(['x'], registered(bench.work));
    await bench.run(['complete', join(bench.directory, 'link', 'src', 'a.ts:1')]);
    expect(requests[0]).toMatchObject({ repository: '0a1b2c3d4e5f6071', path: 'src/a.ts' });
  });

  it('says how to register a repository that is not', async () => {
    initRepository();
    await serve(['x']);
    const { stderr, code } = await bench.run(['complete', 'src/a.ts:1']);
    expect(stderr).toContain('add it with: repoformer repo add .\n');
    expect(code).toBe(0);
  });

  it('carries the options', async () => {
    await serve(['x']);
    const args =
      '--mode always --max-tokens 9 --max-lines 2 --explain --budget 1.5s --session s --language go';
    await bench.run([
      'complete',
      'src/a.ts:2:13',
      '--replace-line',
      ...args.split(' '),
      '--stop=a',
      '--stop=b',
      '--temperature=0.5',
      '--seed=18446744073709551615',
    ]);
    expect(requests[0]).toMatchObject({
      suffix: '\r\n',
      mode: RetrievalMode.ALWAYS,
      maxTokens: 9,
      maxLines: 2,
      explain: true,
      budget: { seconds: 1n, nanos: 500_000_000 },
      session: 's',
      language: 'go',
      stop: ['a', 'b'],
      sampling: { temperature: 0.5, topP: 0, topK: 0, seed: 18446744073709551615n },
    });
  });

  it("takes defaults from the user's and the repository's files", async () => {
    initRepository();
    mkdirSync(join(bench.home, '.config', 'repoformer'), { recursive: true });
    writeFileSync(
      join(bench.home, '.config', 'repoformer', 'config.json'),
      '{"threshold": 0.4, "max-tokens": 5}',
    );
    writeFileSync(join(bench.work, '.repoformer.json'), '{"max-tokens": 7}');
    await serve(['x'], registered(bench.work));
    await bench.run(['complete', 'src/a.ts:1'], { env: { XDG_CONFIG_HOME: '' } });
    expect(requests[0]).toMatchObject({ threshold: 0.4, maxTokens: 7 });
  });

  it('takes an unsaved buffer from standard input', async () => {
    initRepository();
    await serve(['x'], registered(bench.work));
    await bench.run(['complete', '-:2:3', '--path', 'src/new.ts'], { stdin: '\ufeffab\ncdef' });
    expect(requests[0]).toMatchObject({ path: 'src/new.ts', prefix: 'ab\ncd', suffix: 'ef' });
    await bench.run(['complete', '--path', 'b.ts', '--stop', '-:1', '--replace-line', '-:1'], {
      stdin: 'ab',
    });
    expect(requests[1]).toMatchObject({ path: 'b.ts', prefix: 'ab', stop: ['-:1'] });
  });
});

describe('refusals', () => {
  it.each([
    [['complete', 'src/none.ts:1'], 4, 'there is no file src/none.ts'],
    [['complete', 'src:1'], 2, 'position: src is no regular file'],
    [['complete', 'src/a.ts:9'], 2, 'position: src/a.ts has 3 lines; line 9 is beyond its end'],
    [['complete', '-:1'], 2, 'position: "-" reads standard input; say with --path which file that is'],
    [['complete', 'src/a.ts:1', '--path', 'b'], 2, '--path: only has a meaning with "-" for the file'],
    [['complete', 'src/a.ts:1', '--budget', 'soon'], 2, '--budget: "soon" is no time'],
    [['complete', 'src/a.ts:1', '--temperature', '3'], 2, '--temperature: "3" is no number from 0 to 2'],
    [['complete', 'src/a.ts:1', '--max-tokens', '0'], 2, '--max-tokens: max-tokens is "0"; it must be'],
    [['complete'], 2, "missing required argument 'FILE:LINE[:COL]'"],
  ])('%j', async (args, code, message) => {
    await serve(['x']);
    const result = await bench.run(args);
    expect(result.stderr).toContain(`repoformer: ${message}`);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(requests).toEqual([]);
  });

  it('of binary files', async () => {
    await serve(['x']);
    writeFileSync(join(bench.work, 'b.bin'), 'a\0b');
    expect(await bench.run(['complete', 'b.bin:1'])).toMatchObject({
      code: 2,
      stderr: 'repoformer: position: b.bin is a binary file\n',
    });
  });

  it('by the daemon: one line and a hint, or one object with --json', async () => {
    const broken = new AppError({
      kind: 'unavailable',
      reason: 'MODEL_NOT_LOADED',
      message: 'The model x is not loaded: its file is gone.',
      meta: { model: 'x' },
    });
    daemon = await startFakeDaemon(bench.socket, {
      completion: {
        // eslint-disable-next-line require-yield -- it fails before its first event
        async *complete() {
          throw broken;
        },
      },
    });
    const { stderr, code } = await bench.run(['complete', 'src/a.ts:1']);
    expect(stderr).toContain(`repoformer: The model x is not loaded: its file is gone.\n  hint: `);
    expect(code).toBe(1);
    const asJson = await bench.run(['complete', 'src/a.ts:1', '--json']);
    expect(JSON.parse(asJson.stderr)).toEqual({
      error: {
        kind: 'unavailable',
        reason: 'MODEL_NOT_LOADED',
        message: broken.message,
        metadata: { model: 'x' },
      },
    });
    expect(asJson.stdout).toBe('');
  });

  it('of a completion that was superseded or cut short', async () => {
    daemon = await startFakeDaemon(bench.socket, {
      completion: {
        async *complete({ session }) {
          if (session === '') return;
          yield { event: { case: 'finished', value: { reason: FinishReason.SUPERSEDED } } };
        },
      },
    });
    expect(await bench.run(['-q', 'complete', 'src/a.ts:1'])).toMatchObject({
      code: 1,
      stderr: 'repoformer: the daemon ended the completion before it was finished\n',
    });
    expect(await bench.run(['-q', 'complete', 'src/a.ts:1', '--session', 's'])).toMatchObject({
      code: 1,
      stderr: 'repoformer: a newer completion of the same session took its place\n',
    });
  });
});

it('tells the daemon when it is interrupted, and exits with 130', async () => {
  const controller = new AbortController();
  let ended: unknown;
  const gone = new Promise<void>((resolve) => {
    void startFakeDaemon(bench.socket, {
      completion: {
        async *complete(_, { signal }) {
          yield* completionEvents(['x']).slice(0, 3);
          setTimeout(() => controller.abort(), 10);
          await new Promise((wake) => signal.addEventListener('abort', wake, { once: true }));
          ended = signal.reason;
          resolve();
        },
      },
    }).then((started) => (daemon = started));
  });
  while (daemon === undefined) await new Promise((wake) => setTimeout(wake, 5));
  const result = await bench.run(['complete', 'src/a.ts:1'], { signal: controller.signal });
  expect(result).toMatchObject({ code: 130, stdout: 'x' });
  await gone;
  expect(ended).toMatchObject({ kind: 'cancelled' });
});

it('fails with exit code 3 where no daemon may be started', async () => {
  const result = await bench.run(['complete', 'src/a.ts:1', '--no-start']);
  expect(result.code).toBe(3);
  expect(result.stderr).toContain(`repoformer: no daemon answers at ${bench.socket}\n  hint: start it with`);
});
