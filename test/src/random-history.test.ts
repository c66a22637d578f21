import { mkdtempSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RetrievalQuery } from '@repoformer/domain';
import { historyStep, propertyRuns, RandomHistory, Scratch } from '@repoformer/git/testing';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { RealIndex } from './harness/index.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

/** Small windows and a small store, so that little text has many windows and much is collected. */
const options = {
  windowLines: 6,
  strideLines: 3,
  keepUnreferenced: 3,
  collectAfterBlobs: 4,
  textCacheBytes: 2_000,
  snapshotLines: 100,
};

const queries: readonly Omit<RetrievalQuery, 'repository'>[] = ['user', 'cart', 'order'].flatMap((topic) =>
  (['bm25', 'jaccard'] as const).map((retriever) => ({
    retriever,
    path: 'dir/b.ts',
    prefix: Array.from({ length: 6 }, (_, n) => `get ${topic} line_${4 * n}\n`).join(''),
    suffix: '',
    topK: 8,
    alignment: 'matched' as const,
    openBuffers: [],
  })),
);

/** Everything that can be seen of an index, but for what tells of its history. */
async function visible({ service }: RealIndex, repository: string) {
  const { files, lines, chunks, skipped, state, indexedCommit, headCommit } = await service.get(repository);
  const answers = [];
  for (const query of queries) answers.push((await service.retrieve({ ...query, repository })).chunks);
  return { files, lines, chunks, skipped, state, indexedCommit, headCommit, answers };
}

/** Entries of HEAD's tree, as git counts them. */
function entriesOf(history: RandomHistory, root: string): number {
  if (history.head(root) === undefined) return 0;
  return history.git(root, ['ls-tree', '-r', '-z', '--full-tree', 'HEAD']).toString().split('\0').length - 1;
}

const step = fc.oneof(
  { weight: 20, arbitrary: historyStep },
  { weight: 2, arbitrary: fc.constant({ kind: 'check' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reindex' as const }) },
);

describe('an index through random histories', () => {
  it('equals one built from scratch', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 8, maxLength: 30, size: 'max' }),
        fc.constantFrom(0, 0, 2),
        async (steps, shallow) => {
          const history = new RandomHistory(scratch, shallow);
          const directory = mkdtempSync(scratch.path('index-'));
          let index = await RealIndex.open(directory, options);
          const registered = new Set<string>();

          const check = async () => {
            const roots = history.roots;
            for (const root of roots) {
              registered.add(root);
              await index.service.add(root);
              await index.service.notify(root, 'check');
            }
            await index.service.settled();
            const scratchIndex = await RealIndex.open(mkdtempSync(scratch.path('index-')), options);
            for (const root of roots) {
              await scratchIndex.service.add(root);
              await scratchIndex.service.settled();
              const expected = await visible(scratchIndex, root);
              expect(await visible(index, root)).toEqual(expected);
              const skipped = Object.values(expected.skipped).reduce((sum, count) => sum + count, 0);
              expect(expected).toMatchObject({ state: 'ready', headCommit: history.head(root) });
              expect(expected.files + skipped).toBe(entriesOf(history, root));
            }
            await scratchIndex.close();
            // A worktree that was moved or removed is said to be gone, and harms no other.
            for (const root of registered) {
              if (roots.includes(root)) continue;
              expect(await index.service.get(root)).toMatchObject({ state: 'failed' });
              await index.service.remove(root);
              registered.delete(root);
            }
          };

          try {
            await check();
            for (const one of steps) {
              if (one.kind === 'check') {
                await check();
              } else if (one.kind === 'restart') {
                await index.close();
                index = await RealIndex.open(directory, options);
              } else if (one.kind === 'reindex') {
                await index.service.reindex(history.root);
              } else {
                history.apply(one);
                await index.service.notify(history.root, one.kind);
                // Far enough to be in the middle of something when git does the next step.
                for (let turn = 0; turn < 5; turn++) await nextTurn();
              }
            }
            await check();
          } finally {
            await index.close();
            history.remove();
          }
        },
      ),
      propertyRuns(10, 1000),
    );
  });
});
