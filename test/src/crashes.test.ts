import { AppError } from '@repoformer/domain';
import { FinishReason, RetrievalMode } from '@repoformer/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { Daemon, GitRepository, until } from './harness/index.js';

const LONG = Array.from({ length: 300 }, (_, at) => `value_${at} = function_${at}(argument_${at})\n`).join(
  '',
);
const manyFiles = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`src/file${at}.py`, `# ${at}\n${LONG}`]));

describe('kill -9', () => {
  let daemon: Daemon | undefined;
  let repository: GitRepository | undefined;

  afterEach(async () => {
    await daemon?.remove();
    repository?.remove();
    daemon = repository = undefined;
  });

  it('of the engine, in the middle of a completion: that request fails, the next one works', async () => {
    daemon = await Daemon.start();
    const request = { path: 'a.py', prefix: LONG, suffix: '\n', mode: RetrievalMode.NEVER, maxTokens: 500 };
    await daemon.complete({ ...request, maxTokens: 1 });
    const before = await daemon.counters();
    const failure = (async () => {
      for await (const { event } of daemon!.completion.complete({ ...request, prefix: `x = 1\n${LONG}` })) {
        if (event.case === 'decision')
          for (const pid of daemon!.engineProcesses()) process.kill(pid, 'SIGKILL');
      }
    })();
    const error: unknown = await failure.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ kind: 'unavailable', reason: 'ENGINE_CRASHED' });
    const { finished } = await daemon.complete({ ...request, maxTokens: 4 });
    expect(finished.usage!.generated).toBeGreaterThan(0);
    expect((await daemon.counters()).restarts).toBe(before.restarts + 1n);
  });

  it('of the daemon, in the middle of the first index: the next start completes it', async () => {
    repository = GitRepository.create();
    const head = repository.commit(manyFiles(400));
    daemon = await Daemon.start();
    const { dataDirectory } = daemon;
    await daemon.repositories.addRepository({ root: repository.root });
    for await (const { repository: state } of daemon.repositories.watchRepository({
      repository: repository.root,
    })) {
      if ((state!.progress?.filesDone ?? 0n) > 0n || state!.indexedCommit !== '') break;
    }
    await daemon.stop('SIGKILL');
    daemon = await Daemon.start({ dataDirectory });
    expect((await daemon.indexed(repository.root, head)).files).toBe(400n);
  });

  it('of the daemon, between commits and in a completion: nothing is lost', async () => {
    repository = GitRepository.create();
    repository.commit(manyFiles(20));
    daemon = await Daemon.start();
    const { dataDirectory } = daemon;
    await daemon.index(repository.root);
    const running = daemon
      .complete({ path: 'a.py', prefix: LONG, suffix: '', maxTokens: 500 })
      .catch((reason: unknown) => reason);
    const head = repository.commit({ 'src/new.py': LONG });
    await daemon.stop('SIGKILL');
    expect(await running).toMatchObject({ kind: 'unavailable' });
    daemon = await Daemon.start({ dataDirectory });
    expect((await daemon.indexed(repository.root, head)).files).toBe(21n);
    const { finished } = await daemon.complete({ path: 'a.py', prefix: 'x = ', suffix: '\n', maxTokens: 4 });
    expect([FinishReason.END, FinishReason.STOP_RULE, FinishReason.MAX_TOKENS]).toContain(finished.reason);
  });

  it('leaves no inference process behind', async () => {
    daemon = await Daemon.start();
    await daemon.complete({ prefix: 'x = ', suffix: '\n', maxTokens: 1 });
    const engines = daemon.engineProcesses();
    expect(engines.length).toBeGreaterThan(0);
    await daemon.stop('SIGKILL');
    await until('the inference processes to end', () => engines.every((pid) => !isAlive(pid)) || undefined);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
