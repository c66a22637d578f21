import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import {
  AppError,
  type RepositoryIndex,
  type RepositoryStatus,
  type RetrievalQuery,
  type RetrievalResult,
} from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectIndex } from './connect-index.js';
import { serveIndex } from './serve-index.js';

const status = (state: RepositoryStatus['state']): RepositoryStatus => ({
  id: '0123456789abcdef',
  root: '/r',
  state,
  headCommit: undefined,
  indexedCommit: 'c',
  files: 1,
  chunks: 2,
  lines: 3,
  skipped: { binary: 1 },
  indexedAt: new Date(5),
});
const query: RetrievalQuery = {
  repository: 'r',
  path: '',
  prefix: 'x',
  suffix: '',
  topK: 1,
  alignment: 'following' as const,
  retriever: 'bm25' as const,
  openBuffers: [],
};
const answer: RetrievalResult = {
  chunks: [{ path: 'a', startLine: 0, endLine: 1, score: 0.5, text: 't' }],
  indexedCommit: 'c',
  headCommit: undefined,
  state: 'ready',
  generation: 7,
};

/** Notes what it is asked, and does what `next` says. */
class Recorder implements RepositoryIndex {
  readonly calls: unknown[][] = [];
  next: () => unknown = () => undefined;
  signal: AbortSignal | undefined;
  statuses: RepositoryStatus[] = [];
  ended = 0;

  private async did(...call: unknown[]): Promise<never> {
    this.calls.push(call);
    return (await this.next()) as never;
  }
  add = (root: string) => this.did('add', root);
  remove = (repository: string) => this.did('remove', repository);
  list = () => this.did('list');
  get = (repository: string) => this.did('get', repository);
  notify = (repository: string, cause: string) => this.did('notify', repository, cause);
  reindex = (repository: string) => this.did('reindex', repository);
  close = () => this.did('close');
  retrieve = (asked: RetrievalQuery, signal?: AbortSignal) => {
    this.signal = signal;
    return this.did('retrieve', asked);
  };
  async *watch(repository: string, signal: AbortSignal) {
    this.signal = signal;
    this.calls.push(['watch', repository]);
    try {
      for (const one of this.statuses) {
        yield one;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await this.next();
    } finally {
      this.ended++;
    }
  }
}

const untilAborted = (signal: () => AbortSignal | undefined) => () =>
  new Promise((_resolve, reject) => {
    signal()!.addEventListener('abort', () => reject(signal()!.reason));
  });
const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe('an index behind a message port', () => {
  let served: Recorder;
  let index: RepositoryIndex;
  let channel: MessageChannel;
  const unexpected: unknown[] = [];

  beforeEach(() => {
    served = new Recorder();
    channel = new MessageChannel();
    unexpected.length = 0;
    serveIndex(channel.port1, served, { onUnexpectedError: (error) => unexpected.push(error) });
    index = connectIndex(channel.port2);
  });
  afterEach(() => {
    channel.port1.close();
    channel.port2.close();
  });

  it('passes every method on with its arguments and gives its answer', async () => {
    served.next = () => status('ready');
    expect(await index.add('/r')).toEqual(status('ready'));
    expect(await index.get('/r')).toEqual(status('ready'));
    expect(await index.reindex('/r')).toEqual(status('ready'));
    served.next = () => [status('pending')];
    expect(await index.list()).toEqual([status('pending')]);
    served.next = () => answer;
    expect(await index.retrieve(query)).toEqual(answer);
    served.next = () => undefined;
    await index.notify('/r', 'post-commit');
    await index.remove('/r');
    await index.close();
    expect(served.calls).toEqual([
      ['add', '/r'],
      ['get', '/r'],
      ['reindex', '/r'],
      ['list'],
      ['retrieve', query],
      ['notify', '/r', 'post-commit'],
      ['remove', '/r'],
      ['close'],
    ]);
    await expect(index.list()).rejects.toMatchObject({ reason: 'INDEX_UNAVAILABLE' });
    await index.close();
  });

  it('passes AppErrors on whole, and nothing of other errors', async () => {
    served.next = () => {
      throw new AppError({
        kind: 'not_found',
        reason: 'REPOSITORY_NOT_FOUND',
        message: 'no such repository',
        meta: { repository: 'r' },
        cause: new Error('inner'),
      });
    };
    const error: unknown = await index.get('r').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({
      kind: 'not_found',
      reason: 'REPOSITORY_NOT_FOUND',
      message: 'no such repository',
      meta: { repository: 'r' },
    });
    served.next = () => {
      throw new Error('text of /secret/path');
    };
    const hidden = (await index.get('r').catch((reason: unknown) => reason)) as AppError;
    expect(hidden).toMatchObject({ kind: 'internal', reason: 'INTERNAL' });
    expect(hidden.message).not.toContain('secret');
    expect(unexpected).toHaveLength(1);
  });

  it('cancels a call at the other side with the reason given', async () => {
    served.next = untilAborted(() => served.signal);
    const controller = new AbortController();
    const pending = index.retrieve(query, controller.signal);
    await until(() => served.signal !== undefined);
    const deadline = new AppError({
      kind: 'deadline_exceeded',
      reason: 'DEADLINE_EXCEEDED',
      message: 'too late',
    });
    controller.abort(deadline);
    await expect(pending).rejects.toBe(deadline);
    await until(() => served.signal!.aborted);
    expect(served.signal!.reason).toMatchObject({ kind: 'deadline_exceeded' });
    await expect(index.retrieve(query, controller.signal)).rejects.toBe(deadline);
    expect(served.calls).toHaveLength(1);
  });

  it('streams a watch to its end', async () => {
    served.statuses = [status('indexing'), status('ready')];
    const seen: string[] = [];
    for await (const one of index.watch('r', new AbortController().signal)) seen.push(one.state);
    expect(seen.at(-1)).toBe('ready');
    expect(served.ended).toBe(1);
  });

  it('ends a watch at both sides when it is aborted or left', async () => {
    for (const leave of ['abort', 'break']) {
      served = new Recorder();
      channel.port1.removeAllListeners('message');
      serveIndex(channel.port1, served);
      served.statuses = [status('indexing')];
      served.next = untilAborted(() => served.signal);
      const controller = new AbortController();
      for await (const one of index.watch('r', controller.signal)) {
        expect(one.state).toBe('indexing');
        if (leave === 'break') break;
        controller.abort();
      }
      await until(() => served.ended === 1);
    }
  });

  it('rejects a watch whose repository is not known', async () => {
    served.next = () => {
      throw new AppError({ kind: 'not_found', reason: 'REPOSITORY_NOT_FOUND', message: 'unknown' });
    };
    const iterate = async () => {
      for await (const _ of index.watch('r', new AbortController().signal));
    };
    await expect(iterate()).rejects.toMatchObject({ reason: 'REPOSITORY_NOT_FOUND' });
  });

  it('rejects what is pending, and all later calls, when the other side goes away', async () => {
    const stopped = new Promise<void>((resolve) => {
      served.next = () => {
        served.signal?.addEventListener('abort', () => resolve());
        return new Promise(() => undefined);
      };
    });
    const unavailable = { kind: 'unavailable', reason: 'INDEX_UNAVAILABLE' };
    const pending = [index.list(), index.retrieve(query), index.close().then(() => 'closed')];
    const settled = Promise.allSettled(pending);
    const watching = (async () => {
      for await (const _ of index.watch('r', new AbortController().signal));
    })();
    watching.catch(() => undefined);
    await until(() => served.calls.length === 4);
    channel.port1.close();
    expect(await settled).toMatchObject([
      { status: 'rejected', reason: unavailable },
      { status: 'rejected', reason: unavailable },
      { status: 'fulfilled', value: 'closed' },
    ]);
    await expect(watching).rejects.toMatchObject(unavailable);
    await expect(index.get('r')).rejects.toMatchObject(unavailable);
    await stopped;
  });
});

describe('an index in a worker', () => {
  const modules = ['../index.js', '../testing/fake-repository.js', '../testing/memory-index-store.js'].map(
    (name) => new URL(`../../dist/remote/${name}`, import.meta.url).href,
  );
  const body = `
    import { workerData } from 'node:worker_threads';
    const [{ IndexService, serveIndex }, { FakeOpener }, { MemoryIndexStore }] =
      await Promise.all(${JSON.stringify(modules)}.map((path) => import(path)));
    const opener = new FakeOpener();
    opener.create('/r').commit({ 'a.ts': 'alpha beta\\ngamma delta\\n', 'b.ts': 'other words here\\n' });
    const index = new IndexService({ opener, store: new MemoryIndexStore() });
    serveIndex(workerData.port, index);
    workerData.port.on('message', (message) => { if (message.method === 'reindex') process.exit(1); });
  `;

  it('is indexed, searched, and lost when the worker ends', async () => {
    expect(modules.filter((url) => !existsSync(fileURLToPath(url)))).toEqual([]);
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(body)}`), {
      workerData: { port: port1 },
      transferList: [port1],
    });
    const index = connectIndex(port2);
    try {
      await index.add('/r');
      for await (const { state } of index.watch('/r', new AbortController().signal)) {
        if (state === 'ready') break;
      }
      const { chunks } = await index.retrieve({ ...query, repository: '/r', prefix: 'gamma delta epsilon' });
      expect(chunks).toMatchObject([{ path: 'a.ts', startLine: 0, endLine: 2 }]);
      await expect(index.add('/elsewhere')).rejects.toMatchObject({ reason: 'NOT_A_REPOSITORY' });
      await expect(index.reindex('/r')).rejects.toMatchObject({ reason: 'INDEX_UNAVAILABLE' });
    } finally {
      await worker.terminate();
    }
  });
});
