import { AppError } from '@repoformer/domain';
import { WindowIndex } from '@repoformer/retrieval';
import { describe, expect, it, vi } from 'vitest';
import {
  index,
  indexed,
  lines,
  notices,
  notified,
  opener,
  pathsFor,
  query,
  reopenStore,
  repo,
  restart,
  store,
  useIndexHarness,
} from '../testing/index-harness.js';

useIndexHarness();

describe('registering', () => {
  it('indexes HEAD and tells what it holds', async () => {
    const commit = repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta', 5), 'c.bin': 'a\0b' });
    const first = await index.add('/work/repo/sub/dir');
    expect(first).toMatchObject({ root: '/work/repo', state: 'pending', files: 0 });
    expect(first.id).toMatch(/^[0-9a-f]{16}$/);
    await index.settled();
    expect(await index.get(first.id)).toMatchObject({
      state: 'ready',
      headCommit: commit,
      indexedCommit: commit,
      files: 2,
      lines: 30,
      chunks: 3,
      skipped: { binary: 1 },
    });
    expect(await index.add(repo.root)).toMatchObject({ id: first.id });
    expect(await index.list()).toHaveLength(1);
  });

  it('is ready with nothing on an unborn branch, and goes on from there', async () => {
    expect(await indexed()).toMatchObject({ state: 'ready', headCommit: undefined, files: 0 });
    const commit = repo.commit({ 'a.ts': lines('alpha') });
    expect(await notified()).toMatchObject({ state: 'ready', indexedCommit: commit, files: 1 });
    repo.head = undefined;
    expect(await notified()).toMatchObject({ state: 'ready', indexedCommit: undefined, files: 0 });
  });

  it('refuses a commit that lists too many files, once, and takes up the next', async () => {
    await index.close();
    restart({ maxPaths: 3 });
    const commit = repo.commit({ 'a.ts': lines('alpha'), b: '', c: '' });
    expect(await indexed()).toMatchObject({ state: 'ready', indexedCommit: commit });
    const tooLarge = repo.commit({ a: '1', b: '2', c: '3', d: '4' });
    const refused = await notified();
    expect(refused).toMatchObject({ state: 'failed', headCommit: tooLarge, indexedCommit: commit, files: 3 });
    expect(refused.problem).toMatch(/more than 3 files/);
    // What was indexed is searched still; looking at it does not begin anew.
    expect(await pathsFor(lines('alpha', 20))).toContain('a.ts');
    const { length } = repo.diffs;
    await index.get(repo.root);
    await index.settled();
    expect(repo.diffs).toHaveLength(length);
    const next = repo.commit({ 'a.ts': lines('beta'), b: '' });
    await index.get(repo.root);
    await index.settled();
    expect(await index.get(repo.root)).toMatchObject({ state: 'ready', indexedCommit: next, files: 2 });
  });

  it('refuses relative paths and what is no repository', async () => {
    await expect(index.add('relative')).rejects.toMatchObject({ kind: 'invalid_argument' });
    await expect(index.add('/elsewhere')).rejects.toMatchObject({ reason: 'NOT_A_REPOSITORY' });
    await expect(index.get('/elsewhere')).rejects.toMatchObject({ reason: 'REPOSITORY_NOT_FOUND' });
  });

  it('forgets a repository and its files', async () => {
    repo.commit({ 'a.ts': lines('alpha') });
    const { id } = await indexed();
    await index.remove(repo.root);
    await expect(index.get(id)).rejects.toMatchObject({ reason: 'REPOSITORY_NOT_FOUND' });
    expect(store.repositories()).toEqual([]);
    await index.settled();
  });

  it('can be added again while it is being removed', async () => {
    repo.commit({ 'a.ts': lines('alpha') });
    const { id } = await indexed();
    await Promise.all([index.remove(id), index.add(repo.root)]);
    await index.settled();
    expect(await index.get(id)).toMatchObject({ state: 'ready', files: 1 });
    expect(store.repositories()).toMatchObject([{ id }]);
  });

  it('finds the innermost of nested repositories by a path', async () => {
    const inner = opener.create('/work/repo/inner');
    repo.commit({ 'a.ts': lines('alpha') });
    inner.commit({ 'b.ts': lines('beta') });
    // The fake opener answers with the first repository that contains a path.
    opener.repositories.delete('/work/repo');
    await index.add(inner.root);
    opener.repositories.set('/work/repo', repo);
    await index.add(repo.root);
    expect((await index.get('/work/repo/inner/src')).root).toBe('/work/repo/inner');
    expect((await index.get('/work/repo/innermost')).root).toBe('/work/repo');
  });
});

describe('following HEAD', () => {
  it('leaves no merge unfinished when there is nothing else to do', async () => {
    const compact = vi.spyOn(WindowIndex.prototype, 'compact');
    try {
      // The fourth segment of 1024 windows is full shortly before the end.
      const files = Array.from({ length: 4100 }, (_, n) => [`${n}.ts`, lines(`word${n}`, 3)] as const);
      repo.commit(Object.fromEntries(files));
      expect((await indexed()).chunks).toBe(4100);
      const results = compact.mock.results.map(({ value }) => value as boolean);
      expect(results[0]).toBe(true);
      expect(results.at(-1)).toBe(false);
    } finally {
      compact.mockRestore();
    }
  });

  it('reads only blobs that are new', async () => {
    repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta') });
    await indexed();
    repo.reads.length = 0;
    repo.commit({ 'a.ts': lines('alpha'), 'b2.ts': lines('beta'), 'c.ts': lines('gamma') });
    expect(await notified()).toMatchObject({ files: 3 });
    expect(repo.reads).toEqual([repo.oidOf('c.ts')]);
    expect(await pathsFor('gamma of_gamma')).toEqual(['c.ts']);
    expect(await pathsFor('beta of_beta')).toEqual(['b2.ts']);
  });

  it('switches back to a branch without reading anything', async () => {
    const main = repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta') });
    await indexed();
    repo.commit({ 'a.ts': lines('other') });
    await notified();
    repo.reads.length = 0;
    repo.head = main;
    expect(await notified()).toMatchObject({ files: 2, indexedCommit: main });
    expect(repo.reads).toEqual([]);
  });

  it('compares everything when the indexed commit is gone', async () => {
    const old = repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta') });
    await indexed();
    repo.commit({ 'b.ts': lines('beta'), 'c.ts': lines('gamma') });
    repo.commits.delete(old);
    repo.reads.length = 0;
    expect(await notified()).toMatchObject({ state: 'ready', files: 2 });
    expect(repo.reads).toEqual([repo.oidOf('c.ts')]);
    expect([...store.files((await index.get(repo.root)).id)].map(({ path }) => path).sort()).toEqual([
      'b.ts',
      'c.ts',
    ]);
  });

  it('notices a move of HEAD that nobody told of when it is asked', async () => {
    repo.commit({ 'a.ts': lines('alpha') });
    await indexed();
    const commit = repo.commit({ 'b.ts': lines('beta') });
    expect(await index.get(repo.root)).toMatchObject({ headCommit: commit });
    await index.settled();
    expect(await index.get(repo.root)).toMatchObject({ indexedCommit: commit, state: 'ready' });
  });

  it('runs one operation and lets one wait, however many are asked for', async () => {
    repo.commit({ 'a.ts': lines('alpha') });
    await indexed();
    repo.diffs = [];
    let release = () => undefined as void;
    repo.beforeRead = () => new Promise<void>((resolve) => (release = resolve));
    repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta') });
    await index.notify(repo.root, 'one');
    while (repo.reads.length < 2) await new Promise((resolve) => setImmediate(resolve));
    repo.beforeRead = () => undefined;
    for (let n = 0; n < 20; n++) await index.notify(repo.root, `again ${n % 3}`);
    const commit = repo.commit({ 'c.ts': lines('gamma') });
    release();
    await index.settled();
    expect(await index.get(repo.root)).toMatchObject({ indexedCommit: commit, state: 'ready' });
    expect(repo.diffs).toHaveLength(2);
    expect(notices.at(-1)).toMatchObject({ causes: ['again 0', 'again 1', 'again 2'] });
  });

  it('counts what cannot be read and reads it when it can', async () => {
    repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta'), 'c.ts': lines('gamma') });
    const lost = repo.oidOf('a.ts');
    const bytes = repo.blobs.get(lost)!;
    repo.blobs.delete(lost);
    repo.corrupt.add(repo.oidOf('b.ts'));
    expect(await indexed()).toMatchObject({
      state: 'ready',
      files: 1,
      skipped: { missing: 1, unreadable: 1 },
    });
    repo.blobs.set(lost, bytes);
    repo.corrupt.clear();
    await index.close();
    restart();
    await index.settled();
    expect(await index.get(repo.root)).toMatchObject({ files: 3, skipped: {} });
  });

  it('reindexes from the blobs alone', async () => {
    repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('alpha') });
    await indexed();
    repo.reads.length = 0;
    const before = await index.retrieve(query('alpha'));
    expect(await index.reindex(repo.root)).toMatchObject({ state: 'indexing' });
    await index.settled();
    expect(repo.reads.slice(0, 1)).toEqual([repo.oidOf('a.ts')]);
    const after = await index.retrieve(query('alpha'));
    expect(after.chunks).toEqual(before.chunks);
    expect(after.generation).toBeGreaterThan(before.generation);
    expect(await index.get(repo.root)).toMatchObject({ state: 'ready', files: 2 });
  });
});

describe('failing', () => {
  it('says what is wrong when the directory is gone, and recovers when it is back', async () => {
    const other = opener.create('/work/other');
    other.commit({ 'o.ts': lines('omega') });
    await index.add(other.root);
    repo.commit({ 'a.ts': lines('alpha') });
    await indexed();
    repo.isGone = true;
    const failed = await notified();
    expect(failed).toMatchObject({ state: 'failed' });
    expect(failed.problem).toContain('/work/repo');
    expect(await index.get(other.root)).toMatchObject({ state: 'ready' });
    repo.isGone = false;
    const commit = repo.commit({ 'b.ts': lines('beta') });
    const back = await notified();
    expect(back).toMatchObject({ state: 'ready', indexedCommit: commit });
    expect(back.problem).toBeUndefined();
  });

  it('starts with a repository that is gone', async () => {
    repo.commit({ 'a.ts': lines('alpha') });
    await indexed();
    await index.close();
    repo.isGone = true;
    restart();
    await index.settled();
    expect((await index.list())[0]).toMatchObject({ state: 'failed', files: 1 });
    repo.isGone = false;
    expect(await notified()).toMatchObject({ state: 'ready', files: 1 });
  });

  it('is right again after a run that failed half-way', async () => {
    const first = repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta') });
    await indexed();
    repo.commit({ 'a.ts': lines('changed'), 'c.ts': lines('gamma') });
    store.failure = new AppError({
      kind: 'resource_exhausted',
      reason: 'STORE_UNAVAILABLE',
      message: 'the disk is full',
    });
    expect(await notified()).toMatchObject({ state: 'failed', problem: 'the disk is full' });
    store.failure = undefined;
    repo.head = first;
    expect(await notified()).toMatchObject({ state: 'ready', files: 2, indexedCommit: first });
    expect(await pathsFor('alpha of_alpha')).toEqual(['a.ts']);
    expect(await pathsFor('gamma of_gamma')).toEqual([]);
  });
});

describe('a restart', () => {
  it('takes everything from the store and reads nothing', async () => {
    repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta'), 'x.png': '\0' });
    const before = await indexed();
    await index.close();
    reopenStore();
    repo.reads.length = 0;
    restart();
    await index.settled();
    expect(await index.get(repo.root)).toEqual(before);
    expect(await index.retrieve(query('beta of_beta')).then(({ chunks }) => chunks[0]!.path)).toBe('b.ts');
    expect(repo.reads).toEqual([repo.oidOf('b.ts')]);
  });

  it('takes a saved search index instead of the artefacts, however old it is', async () => {
    await index.close();
    restart({ snapshotLines: 60 });
    repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta', 40), 'c.bin': 'a\0b' });
    const { id } = await indexed();
    const saved = store.data.snapshots.get(id);
    expect(saved).toBeDefined();
    // Too little for it to be saved again.
    repo.commit({ 'a.ts': lines('alpha'), 'd.ts': lines('delta', 3) });
    await notified();
    expect(store.data.snapshots.get(id)).toBe(saved);
    await index.close();
    reopenStore();
    const read: string[] = [];
    const artefact = store.artefact.bind(store);
    store.artefact = (oid) => {
      read.push(oid);
      return artefact(oid);
    };
    restart();
    await index.settled();
    // Only what the saved index lacks.
    expect(read).toHaveLength(1);
    expect(await index.get(repo.root)).toMatchObject({ state: 'ready', files: 2, lines: 28, chunks: 3 });
    expect(await pathsFor('alpha of_alpha')).toEqual(['a.ts']);
    expect(await pathsFor('delta of_delta')).toEqual(['d.ts']);
    expect(await pathsFor('beta of_beta')).toEqual([]);
  });

  it('does without a saved search index that is damaged or cannot be written', async () => {
    await index.close();
    restart({ snapshotLines: 1 });
    repo.commit({ 'a.ts': lines('alpha') });
    const { id } = await indexed();
    await index.close();
    reopenStore();
    store.data.snapshots.set(id, [Uint8Array.of(1)]);
    restart();
    await index.settled();
    expect(await pathsFor('alpha of_alpha')).toEqual(['a.ts']);
    await index.close();

    store.putSnapshot = () =>
      Promise.reject(
        new AppError({ kind: 'unavailable', reason: 'STORE_UNAVAILABLE', message: 'disk full' }),
      );
    restart({ snapshotLines: 1 });
    repo.commit({ 'b.ts': lines('beta') });
    expect(await notified()).toMatchObject({ state: 'ready', files: 1 });
    expect(notices).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'the search index could not be saved',
        repository: id,
      }),
    );
  });

  it('reads again what the store has lost or damaged', async () => {
    repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta'), 'c.ts': lines('gamma') });
    const before = await indexed();
    await index.close();
    store.data.artefacts.delete(repo.oidOf('a.ts'));
    const damaged = store.data.artefacts.get(repo.oidOf('b.ts'));
    if (damaged?.kind === 'indexed') damaged.data[3]! ^= 0xff;
    restart();
    await index.settled();
    const { indexedAt: _, ...rest } = await index.get(repo.root);
    expect(before).toMatchObject(rest);
    expect(await pathsFor('beta of_beta')).toEqual(['b.ts']);
  });

  it('continues a first index that was cut off, from the artefacts written ahead', async () => {
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`f${n}.ts`, lines(`word${n}`)]));
    repo.commit(files);
    store.commit = () =>
      Promise.reject(new AppError({ kind: 'internal', reason: 'INTERNAL', message: 'cut' }));
    expect(await indexed()).toMatchObject({ state: 'failed' });
    await index.close();
    reopenStore();
    repo.reads.length = 0;
    restart();
    await index.settled();
    expect(await index.get(repo.root)).toMatchObject({ state: 'ready', files: 40 });
    expect(repo.reads).toEqual([]);
  });
});

describe('watching', () => {
  it('tells the state now and at every change, until the repository is removed', async () => {
    repo.commit({ 'a.ts': lines('alpha') });
    const { id } = await indexed();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const status of index.watch(id, new AbortController().signal)) seen.push(status.state);
    })();
    await new Promise((resolve) => setImmediate(resolve));
    repo.commit({ 'b.ts': lines('beta') });
    await notified();
    await index.remove(id);
    await watching;
    expect(seen[0]).toBe('ready');
    expect(seen).toContain('indexing');
    expect(seen.at(-1)).toBe('ready');
  });

  it('ends when the signal is aborted', async () => {
    const { id } = await indexed();
    const controller = new AbortController();
    const seen = [];
    for await (const status of index.watch(id, controller.signal)) {
      seen.push(status);
      controller.abort();
    }
    expect(seen).toHaveLength(1);
  });
});

describe('what is searched while a first index runs', () => {
  it('is what has been indexed so far, and other calls are answered', async () => {
    const files = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`f${n}.ts`, lines(`word${n}`)]));
    repo.commit(files);
    let reads = 0;
    let release = () => undefined as void;
    repo.beforeRead = () => {
      if (++reads === 100) return new Promise<void>((resolve) => (release = resolve));
    };
    await index.add(repo.root);
    while (reads < 100) await new Promise((resolve) => setImmediate(resolve));
    const status = await index.get(repo.root);
    expect(status).toMatchObject({ state: 'indexing', indexedCommit: undefined });
    expect(status.progress).toMatchObject({ filesTotal: 200 });
    expect(status.files).toBeGreaterThan(50);
    const answer = await index.retrieve(query('word0 of_word0'));
    expect(answer).toMatchObject({ state: 'indexing', indexedCommit: undefined });
    expect(answer.chunks[0]!.path).toBe('f0.ts');
    release();
    await index.settled();
    expect(await index.get(repo.root)).toMatchObject({ state: 'ready', files: 200 });
  });
});

describe('closing', () => {
  it('stops indexing and refuses what comes later', async () => {
    repo.commit(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`f${n}`, lines(`w${n}`)])));
    repo.beforeRead = () => new Promise((resolve) => setImmediate(resolve));
    await index.add(repo.root);
    await index.close();
    await expect(index.list()).rejects.toMatchObject({ reason: 'SHUTTING_DOWN' });
    await expect(index.retrieve(query('x'))).rejects.toMatchObject({ reason: 'SHUTTING_DOWN' });
  });
});
