import { AppError } from '@repoformer/domain';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeOpener } from '../testing/fake-repository.js';
import {
  index,
  indexed,
  lines,
  notices,
  notified,
  pathsFor,
  query,
  reopenStore,
  repo,
  restart,
  store,
  useIndexHarness,
} from '../testing/index-harness.js';
import { MemoryIndexStore } from '../testing/memory-index-store.js';
import { IndexService } from './index-service.js';

useIndexHarness();

const INTERVAL_MS = 1_000;
const LOOKING = { workingTreeIntervalMs: INTERVAL_MS };
/** Stands still unless told. */
const clock = { nowMs: 0, now: () => 0, monotonicMs: () => clock.nowMs };

/** Paths where a word is found, by a look that was asked for by the search before. */
async function found(word: string): Promise<string[]> {
  clock.nowMs += INTERVAL_MS;
  await pathsFor(lines(word, 20));
  await index.settled();
  const { chunks } = await index.retrieve(query(lines(word, 20), { topK: 20 }));
  return [...new Set(chunks.filter(({ text }) => text.includes(`${word} line`)).map((chunk) => chunk.path))];
}

describe('the working tree', () => {
  beforeEach(async () => {
    await index.close();
    restart(LOOKING, clock);
    repo.commit({ 'a.ts': lines('alpha'), 'b.ts': lines('beta'), '.repoformerignore': 'private/\n' });
  });

  it('is searched in place of what is committed', async () => {
    await indexed();
    repo.working = { 'a.ts': lines('gamma'), 'new.ts': lines('delta'), 'b.ts': undefined };
    expect(await found('gamma')).toEqual(['a.ts']);
    expect(await found('delta')).toEqual(['new.ts']);
    expect(await found('alpha')).toEqual([]);
    expect(await found('beta')).toEqual([]);
    expect((await index.retrieve(query(lines('gamma', 20)))).chunks[0]!.text).toContain('gamma line_2');
    repo.working = {};
    expect(await found('alpha')).toEqual(['a.ts']);
    expect(await found('beta')).toEqual(['b.ts']);
    expect(await found('gamma')).toEqual([]);
    expect(await found('delta')).toEqual([]);
  });

  it('is admitted by the same rules, and open buffers are nearer still', async () => {
    await indexed();
    repo.working = {
      'private/x.ts': lines('gamma'),
      '.env': lines('gamma'),
      'node_modules/m.ts': lines('gamma'),
      'key.ts': `${lines('gamma')}token: ${['gh', 'p_', 'q7Zp2LxV9mTcR4kWnB8sYdH3gJf6uEaQ1oXi'].join('')}\n`,
      'bin.ts': `${lines('gamma')}\0`,
      '.gitignore': 'ignored.ts\n',
      'ignored.ts': lines('gamma'),
      'fine.ts': lines('gamma'),
    };
    expect(await found('gamma')).toEqual(['fine.ts']);
    expect((await index.get(repo.root)).skipped).toMatchObject({ ignored: 1, vendored: 1, binary: 1 });
    const open = { openBuffers: [{ path: 'fine.ts', content: lines('omega') }] };
    const chunks = (await index.retrieve(query(lines('omega', 20), open))).chunks;
    expect(chunks[0]).toMatchObject({ path: 'fine.ts', text: expect.stringContaining('omega line') });
    expect(
      (await index.retrieve(query(lines('gamma', 20), open))).chunks.map(({ text }) => text).join(),
    ).not.toContain('gamma line');
  });

  it('gives way to a commit, and leaves nothing of it in the store', async () => {
    await indexed();
    repo.working = { 'a.ts': lines('gamma'), 'new.ts': lines('delta') };
    await found('gamma');
    const stored = new Map(
      [...store.files((await index.get(repo.root)).id)].map((file) => [file.path, file.entry]),
    );
    expect(stored.get('a.ts')).toEqual({ oid: repo.oidOf('a.ts') });
    expect(stored.has('new.ts')).toBe(false);
    repo.commit({ 'a.ts': lines('gamma'), 'c.ts': lines('epsilon') });
    repo.working = { 'new.ts': lines('delta') };
    expect(await notified()).toMatchObject({ state: 'ready', files: 3 });
    expect(await found('epsilon')).toEqual(['c.ts']);
    await index.close();
    reopenStore();
    restart();
    await index.settled();
    expect(await index.get(repo.root)).toMatchObject({ files: 2 });
    expect(await found('delta')).toEqual([]);
  });

  it('is looked at no more often than asked, and never where not asked', async () => {
    await indexed();
    const { scans } = repo;
    expect(scans).toBe(1);
    for (const [forwardMs, more] of [
      [INTERVAL_MS - 1, 0],
      [1, 1],
      [0, 1],
      [INTERVAL_MS, 2],
    ] as const) {
      clock.nowMs += forwardMs;
      for (let n = 0; n < 3; n++) {
        await pathsFor(lines('alpha', 20));
        await index.settled();
      }
      expect(repo.scans).toBe(scans + more);
    }
    await index.close();
    restart({}, clock);
    await indexed();
    await found('alpha');
    expect(repo.scans).toBe(scans + 2);
  });

  it('is left alone when it cannot be looked at, and that is said once', async () => {
    await indexed();
    repo.working = { 'a.ts': lines('gamma') };
    expect(await found('gamma')).toEqual(['a.ts']);
    repo.scanFailure = new AppError({
      kind: 'resource_exhausted',
      reason: 'REPOSITORY_UNREADABLE',
      message: 'too many files',
    });
    expect(await found('alpha')).toEqual(['a.ts']);
    expect(await found('gamma')).toEqual([]);
    expect(await index.get(repo.root)).toMatchObject({ state: 'ready' });
    expect(notices.filter(({ level }) => level === 'warn')).toHaveLength(1);
    repo.scanFailure = undefined;
    expect(await found('gamma')).toEqual(['a.ts']);
  });

  it('leads to the index that its commit would lead to, whatever came before', async () => {
    const path = fc.constantFrom('a.ts', 'b.ts', 'dir/c.ts', 'vendor/v.ts', 'x.bin');
    const text = fc.constantFrom(lines('alpha'), lines('beta', 9), lines('gamma', 31), 'bin\0ary', '');
    const tree = fc.dictionary(path, text, { maxKeys: 5 });
    const step = fc.record({
      commit: fc.option(tree, { nil: undefined }),
      working: fc.dictionary(path, fc.option(text, { nil: undefined }), { maxKeys: 4 }),
      restart: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const opener = new FakeOpener();
        const followed = opener.create('/r');
        let data = new MemoryIndexStore();
        let service = new IndexService({ opener, store: data, options: { ...LOOKING, snapshotLines: 20 } });
        await service.add('/r');
        let committed: Record<string, string> = {};
        for (const one of steps) {
          if (one.commit) followed.commit((committed = one.commit));
          followed.working = one.working;
          if (one.restart) {
            await service.close();
            data = data.reopen();
            service = new IndexService({ opener, store: data, options: { ...LOOKING, snapshotLines: 20 } });
          }
          await service.notify('/r', 'step');
          await service.settled();
          const whole = { ...committed, ...one.working };
          const files = Object.fromEntries(
            Object.entries(whole).filter(([, content]) => content !== undefined),
          );
          const expectedOpener = new FakeOpener();
          expectedOpener.create('/r').commit(files as Record<string, string>);
          const expected = new IndexService({ opener: expectedOpener, store: new MemoryIndexStore() });
          await expected.add('/r');
          await expected.settled();
          const seen = async (of: IndexService) => {
            const status = await of.get('/r');
            const answers = [];
            for (const word of ['alpha', 'beta', 'gamma'])
              answers.push((await of.retrieve(query(lines(word, 8), { repository: '/r' }))).chunks);
            return [status.files, status.lines, status.chunks, status.skipped, answers];
          };
          expect(await seen(service)).toEqual(await seen(expected));
          await expected.close();
        }
        await service.close();
      }),
      { numRuns: 60, seed: 20260101 },
    );
  });
});
