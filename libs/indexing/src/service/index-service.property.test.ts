import type { RetrievalQuery } from '@repoformer/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeOpener, type FakeFile } from '../testing/fake-repository.js';
import { MemoryIndexStore } from '../testing/memory-index-store.js';
import { retrieveNaively } from '../testing/naive-retrieval.js';
import { IndexService } from './index-service.js';

const options = {
  windowLines: 4,
  strideLines: 2,
  sliceMs: 0,
  keepUnreferenced: 1,
  collectAfterBlobs: 2,
  textCacheBytes: 200,
};

const word = fc.constantFrom('get', 'set', 'user', 'name', 'return', 'if', 'x1', 'größe');
const line = fc.array(word, { maxLength: 3 }).map((words) => words.join(' '));
const text = fc.array(line, { maxLength: 12 }).map((all) => all.join('\n') + (all.length % 2 ? '\n' : ''));
const path = fc.constantFrom('a.ts', 'b.ts', 'dir/a.ts', 'dir/b.ts', 'vendor/c.ts', 'dir/deep/d.ts', 'e');
const file: fc.Arbitrary<FakeFile> = fc.oneof(
  { weight: 5, arbitrary: text },
  // The same content at several paths.
  { weight: 3, arbitrary: fc.constantFrom('get user name\n', 'set x1\nreturn name\n') },
  { weight: 1, arbitrary: fc.constant('bin\0ary') },
  { weight: 1, arbitrary: fc.constant({ skip: 'symlink' } as const) },
);
const ruleFile = fc.constantFrom('.repoformerignore', 'dir/.repoformerignore', '.gitattributes');
const rules = fc.constantFrom(
  '*.ts\n',
  'dir/\n',
  '!a.ts\n',
  'vendor/* -linguist-vendored\n',
  'b.ts linguist-generated\n',
);

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const), path, file }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rename' as const), path, to: path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rules' as const), path: ruleFile, file: rules }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unrule' as const), path: ruleFile }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('checkout' as const), back: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget-commit' as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reindex' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('catch-up' as const) }) },
);

const query: fc.Arbitrary<Omit<RetrievalQuery, 'repository'>> = fc.record({
  path: fc.oneof(path, fc.constant('')),
  prefix: text,
  suffix: text,
  topK: fc.integer({ min: 1, max: 6 }),
  alignment: fc.constantFrom('block' as const, 'matched' as const, 'following' as const),
  retriever: fc.constantFrom('bm25' as const, 'jaccard' as const),
  openBuffers: fc.array(fc.record({ path, content: text }), { maxLength: 2 }),
});

/** Everything that can be seen of an index, but for what tells of its history. */
async function visible(
  index: IndexService,
  root: string,
  queries: readonly Omit<RetrievalQuery, 'repository'>[],
) {
  const { files, lines, chunks, skipped, state, indexedCommit, headCommit } = await index.get(root);
  const answers = [];
  for (const one of queries) {
    answers.push((await index.retrieve({ ...one, repository: root })).chunks);
  }
  return { files, lines, chunks, skipped, state, indexedCommit, headCommit, answers };
}

describe('IndexService', () => {
  it('holds after any changes what an index built from scratch holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 20 }),
        fc.array(query, { minLength: 1, maxLength: 3 }),
        // Saved after every change, now and then, and never.
        fc.constantFrom(0, 10, 1e9),
        async (steps, queries, snapshotLines) => {
          const serviceOptions = { ...options, snapshotLines };
          const opener = new FakeOpener();
          const repo = opener.create('/r');
          let store = new MemoryIndexStore();
          let index = new IndexService({ opener, store, options: serviceOptions });
          await index.add('/r');
          const history: Record<string, FakeFile>[] = [{}];
          let tree: Record<string, FakeFile> = {};
          for (const one of steps) {
            switch (one.kind) {
              case 'write':
              case 'rules':
                tree = { ...tree, [one.path]: one.file };
                break;
              case 'delete':
              case 'unrule':
                tree = { ...tree };
                delete tree[one.path];
                break;
              case 'rename':
                if (!(one.path in tree)) continue;
                tree = { ...tree, [one.to]: tree[one.path]! };
                if (one.to !== one.path) delete tree[one.path];
                break;
              case 'checkout':
                tree = history[Math.max(0, history.length - 1 - one.back)]!;
                break;
              case 'restart':
                await index.close();
                store = store.reopen();
                index = new IndexService({ opener, store, options: serviceOptions });
                continue;
              case 'forget-commit': {
                // A forced update, then a collection of git's garbage.
                await index.settled();
                const old = repo.head;
                tree = { ...tree };
                if (one.path in tree) delete tree[one.path];
                else tree[one.path] = 'get set\n';
                if (repo.commit(tree) !== old) repo.commits.delete(old ?? '');
                break;
              }
              case 'reindex':
                await index.reindex('/r');
                continue;
              case 'catch-up':
                await index.settled();
                continue;
            }
            history.push(tree);
            repo.commit(tree);
            await index.notify('/r', one.kind);
          }
          await index.notify('/r', 'end');
          await index.settled();

          const scratch = new IndexService({ opener, store: new MemoryIndexStore(), options });
          await scratch.add('/r');
          await scratch.settled();
          const expected = await visible(scratch, '/r', queries);
          expect(await visible(index, '/r', queries)).toEqual(expected);
          await index.close();
          const again = new IndexService({ opener, store: store.reopen(), options: serviceOptions });
          await again.settled();
          expect(await visible(again, '/r', queries)).toEqual(expected);
          await again.close();
          await scratch.close();
        },
      ),
      { numRuns: 200 },
    );
  });

  it('retrieves what a search through every window retrieves', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c/d', 'c/e', 'f', 'g'), text), { maxLength: 6 }),
        fc.array(
          fc.tuple(query, fc.constantFrom(undefined, 0, 10, 40)).map(([one, seen]) => ({
            ...one,
            path: one.path === '' ? '' : 'c/d',
            ...(seen !== undefined && { visible: { beforeChars: seen, afterChars: seen } }),
            openBuffers: one.openBuffers.map((buffer, n) => ({ ...buffer, path: ['a', 'new', 'c/d'][n]! })),
          })),
          { minLength: 1, maxLength: 5 },
        ),
        async (entries, queries) => {
          const opener = new FakeOpener();
          const repo = opener.create('/r');
          const files = Object.fromEntries(entries);
          repo.commit(files);
          const index = new IndexService({ opener, store: new MemoryIndexStore(), options });
          await index.add('/r');
          await index.settled();
          for (const one of queries) {
            const full = { ...one, repository: '/r' };
            const { chunks } = await index.retrieve(full);
            expect(chunks).toEqual(retrieveNaively(new Map(Object.entries(files)), full, options));
          }
          await index.close();
        },
      ),
      { numRuns: 300 },
    );
  });
});
