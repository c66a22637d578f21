import { AppError } from '@repoformer/domain';
import type { RepositoryStatus } from '@repoformer/domain';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeIndex, repositoryStatus } from '../testing/fakes.js';
import { SupervisedIndex } from './supervised-index.js';
import type { IndexBackend, SupervisedIndexOptions } from './supervised-index.js';

interface Backend extends IndexBackend {
  readonly index: FakeIndex;
  stopped: boolean;
  die(cause?: unknown): void;
}

function createBackend(index = new FakeIndex()): Backend {
  let end!: (value: { cause: unknown }) => void;
  const ended = new Promise<{ cause: unknown }>((resolve) => (end = resolve));
  return {
    index,
    ended,
    stopped: false,
    async stop() {
      this.stopped = true;
      end({ cause: 'stopped' });
    },
    die: (cause) => end({ cause }),
  };
}

const opened: SupervisedIndex[] = [];
afterEach(async () => {
  for (const index of opened.splice(0)) await index.close();
});

function supervise(
  start: () => Promise<IndexBackend>,
  more: Partial<SupervisedIndexOptions> = {},
): SupervisedIndex {
  const index = new SupervisedIndex({ start, backoffMs: 1, maxBackoffMs: 4, ...more });
  opened.push(index);
  index.start();
  return index;
}

const never = (): Promise<never> => new Promise(() => {});

describe('SupervisedIndex', () => {
  it('lets calls made before the start wait for it', async () => {
    const backend = createBackend();
    const index = new SupervisedIndex({ start: async () => backend });
    opened.push(index);
    const listed = index.list();
    index.start();
    expect(await listed).toEqual([]);
  });

  it('fails calls under way when the index dies, and serves the next ones from a new index', async () => {
    const first = createBackend();
    first.index.list = never;
    const second = createBackend();
    await second.index.add('/r');
    const starts = [first, second];
    const usable: boolean[] = [];
    const index = supervise(async () => starts.shift() as Backend, { onChange: (now) => usable.push(now) });
    const pending = index.list();
    // Once the call is under way.
    await index.add('/x');
    const cause = new Error('out of memory');
    first.die(cause);
    await expect(pending).rejects.toMatchObject({ kind: 'unavailable', reason: 'INDEX_UNAVAILABLE', cause });
    expect(await index.list()).toHaveLength(1);
    expect(usable).toEqual([true, false, true]);
  });

  it('lets a watch go on with the new index', async () => {
    const backends = [createBackend(), createBackend()] as const;
    for (const { index } of backends) await index.add('/r');
    const starts = [...backends];
    const index = supervise(async () => starts.shift() as Backend);
    const controller = new AbortController();
    const seen: RepositoryStatus[] = [];
    const watch = index.watch('/r', controller.signal);
    seen.push((await watch.next()).value as RepositoryStatus);
    const next = watch.next();
    backends[0].die();
    seen.push((await next).value as RepositoryStatus);
    backends[1].index.change(repositoryStatus('/r', { state: 'indexing' }));
    seen.push((await watch.next()).value as RepositoryStatus);
    expect(seen.map(({ state }) => state)).toEqual(['ready', 'ready', 'indexing']);
    const last = watch.next();
    controller.abort();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  it('passes errors of the index through, also within a watch', async () => {
    const index = supervise(async () => createBackend());
    const lost = { kind: 'not_found', reason: 'REPOSITORY_NOT_FOUND' };
    await expect(index.get('/r')).rejects.toMatchObject(lost);
    await expect(index.watch('/r', new AbortController().signal).next()).rejects.toMatchObject(lost);
  });

  it('fails calls with the reason while it cannot be opened, and recovers', async () => {
    let attempts = 0;
    const refused = new AppError({ kind: 'unavailable', reason: 'STORE_UNAVAILABLE', message: 'disk full' });
    const index = supervise(async () => {
      attempts += 1;
      if (attempts < 3) throw refused;
      return createBackend();
    });
    await expect(index.list()).rejects.toBe(refused);
    while (attempts < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await index.list()).toEqual([]);
  });

  it('does not wait for ever for an index that is starting, nor longer than its caller', async () => {
    const index = supervise(never, { startWaitMs: 5 });
    await expect(index.list()).rejects.toMatchObject({ reason: 'INDEX_UNAVAILABLE' });
    const patient = supervise(never);
    const query = {
      repository: 'r',
      path: '',
      prefix: '',
      suffix: '',
      topK: 1,
      alignment: 'matched' as const,
      retriever: 'bm25' as const,
      openBuffers: [],
    };
    await expect(patient.retrieve(query, AbortSignal.timeout(5))).rejects.toMatchObject({
      kind: 'cancelled',
    });
  });

  it('stops its index when closed, and one that was still starting', async () => {
    const running = createBackend();
    const index = supervise(async () => running);
    await index.list();
    await index.close();
    expect(running.stopped).toBe(true);
    await expect(index.list()).rejects.toMatchObject({ reason: 'INDEX_UNAVAILABLE' });

    const late = createBackend();
    let arrive!: (backend: Backend) => void;
    const starting = supervise(() => new Promise<Backend>((resolve) => (arrive = resolve)));
    const waiting = starting.list();
    waiting.catch(() => {});
    await starting.close();
    await expect(waiting).rejects.toMatchObject({ reason: 'INDEX_UNAVAILABLE' });
    arrive(late);
    await late.ended;
    expect(late.stopped).toBe(true);
  });
});
