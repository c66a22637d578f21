import type { BlobArtefact, FileUpdate, IndexCommit, IndexStore, StoredRepository } from './index-store.js';

/** A store under test and a way to close it and open it again on the same data. */
export interface IndexStoreHarness {
  readonly store: IndexStore;
  reopen(): Promise<IndexStore>;
}

export interface ConformanceCase {
  readonly name: string;
  /** Throws when the store does not behave. */
  run(harness: IndexStoreHarness): Promise<void>;
}

const A: StoredRepository = { id: '00000000000000aa', root: '/a', addedAtMs: 1 };
const B: StoredRepository = { id: 'ffffffffffffffff', root: '/b', addedAtMs: 2 };
const oid = (n: number): string => n.toString(16).padStart(40, '0');
const LONG_PATH = `${'directory/'.repeat(300)}file.ts`;
const LONGER_PATH = `${'directory/'.repeat(300)}file.tsx`;

function indexed(...bytes: number[]): BlobArtefact {
  return { kind: 'indexed', data: Uint8Array.from(bytes), lines: bytes.length, windows: 1 };
}

function commitOf(repository: string, files: readonly FileUpdate[], replaceAll = false): IndexCommit {
  return { repository, indexedCommit: oid(99), indexedAtMs: 7, rulesHash: 'r', replaceAll, files };
}

function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const show = (value: unknown) =>
    JSON.stringify(value, (_key, part: unknown) => {
      if (part instanceof Uint8Array) return [...part];
      if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
      return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
    });
  if (show(actual) !== show(expected)) {
    throw new Error(`${what}: expected ${show(expected)}, got ${show(actual)}`);
  }
}

function filesOf(store: IndexStore, id: string): unknown[] {
  return [...store.files(id)]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, entry }) => ['skip' in entry ? entry.skip : '', entry.oid ?? '', path]);
}

/** What every {@link IndexStore} must do; each case gets an empty store. */
export const indexStoreConformance: readonly ConformanceCase[] = [
  {
    name: 'an empty store holds nothing',
    async run({ store }) {
      expectEqual(store.repositories(), [], 'repositories');
      expectEqual(filesOf(store, A.id), [], 'files');
      expectEqual(store.artefact(oid(1)), undefined, 'artefact');
      expectEqual(store.hasArtefact(oid(1)), false, 'hasArtefact');
      expectEqual(await store.collectGarbage(0), 0, 'collected');
    },
  },
  {
    name: 'repositories, files and artefacts outlive a restart',
    async run({ store, reopen }) {
      await store.putRepository(A);
      await store.putArtefacts([
        [oid(1), indexed(1, 2, 3)],
        [oid(2), { kind: 'skipped', reason: 'binary' }],
        [oid(3), indexed()],
      ]);
      await store.commit(
        commitOf(A.id, [
          { path: 'src/ä €.ts', entry: { oid: oid(1) } },
          { path: LONG_PATH, entry: { oid: oid(2) } },
          { path: LONGER_PATH, entry: { skip: 'vendored', oid: oid(3) } },
          { path: 'link', entry: { skip: 'symlink' } },
        ]),
      );
      const again = await reopen();
      expectEqual(
        again.repositories(),
        [{ ...A, indexedCommit: oid(99), indexedAtMs: 7, rulesHash: 'r' }],
        'repositories',
      );
      expectEqual(
        filesOf(again, A.id),
        [
          ['', oid(2), LONG_PATH],
          ['vendored', oid(3), LONGER_PATH],
          ['symlink', '', 'link'],
          ['', oid(1), 'src/ä €.ts'],
        ],
        'files',
      );
      expectEqual(again.artefact(oid(1)), indexed(1, 2, 3), 'first artefact');
      expectEqual(again.artefact(oid(2)), { kind: 'skipped', reason: 'binary' }, 'skipped artefact');
      expectEqual(again.artefact(oid(3)), indexed(), 'empty artefact');
      expectEqual(again.hasArtefact(oid(3)), true, 'hasArtefact');
    },
  },
  {
    name: 'a commit changes, removes and keeps files; replaceAll starts from none',
    async run({ store }) {
      await store.putRepository(A);
      await store.commit(
        commitOf(A.id, [
          { path: 'keep', entry: { oid: oid(1) } },
          { path: 'change', entry: { oid: oid(2) } },
          { path: LONG_PATH, entry: { oid: oid(3) } },
        ]),
      );
      await store.commit(
        commitOf(A.id, [
          { path: 'change', entry: { skip: 'ignored', oid: oid(2) } },
          { path: LONG_PATH, entry: undefined },
          { path: 'never there', entry: undefined },
        ]),
      );
      expectEqual(
        filesOf(store, A.id),
        [
          ['ignored', oid(2), 'change'],
          ['', oid(1), 'keep'],
        ],
        'after a change',
      );
      await store.commit(commitOf(A.id, [{ path: 'new', entry: { oid: oid(4) } }], true));
      expectEqual(filesOf(store, A.id), [['', oid(4), 'new']], 'after replacing');
    },
  },
  {
    name: 'a commit without a commit oid clears it',
    async run({ store }) {
      await store.putRepository(A);
      await store.commit(commitOf(A.id, []));
      await store.commit({ ...commitOf(A.id, []), indexedCommit: undefined });
      expectEqual(store.repositories(), [{ ...A, indexedAtMs: 7, rulesHash: 'r' }], 'record');
    },
  },
  {
    name: 'repositories do not see each other',
    async run({ store }) {
      await store.putRepository(A);
      await store.putRepository(B);
      await store.commit(commitOf(A.id, [{ path: 'x', entry: { oid: oid(1) } }]));
      await store.commit(commitOf(B.id, [{ path: 'x', entry: { oid: oid(2) } }]));
      expectEqual(filesOf(store, A.id), [['', oid(1), 'x']], 'files of A');
      expectEqual(filesOf(store, B.id), [['', oid(2), 'x']], 'files of B');
      await store.removeRepository(B.id);
      expectEqual(filesOf(store, B.id), [], 'files of B when removed');
      expectEqual(filesOf(store, A.id), [['', oid(1), 'x']], 'files of A after removing B');
      expectEqual(
        store.repositories().map((one) => one.id),
        [A.id],
        'repositories',
      );
    },
  },
  {
    name: 'a commit to a repository that is not registered is refused',
    async run({ store }) {
      const outcome = await store.commit(commitOf(A.id, [])).then(
        () => 'accepted',
        () => 'refused',
      );
      expectEqual(outcome, 'refused', 'commit');
      expectEqual(filesOf(store, A.id), [], 'files');
    },
  },
  {
    name: 'garbage is what no file refers to, skipped files included; the newest are kept',
    async run({ store }) {
      await store.putRepository(A);
      for (let n = 1; n <= 5; n++) await store.putArtefacts([[oid(n), indexed(n)]]);
      await store.commit(
        commitOf(A.id, [
          { path: 'a', entry: { oid: oid(1) } },
          { path: 'b', entry: { skip: 'ignored', oid: oid(2) } },
        ]),
      );
      expectEqual(await store.collectGarbage(1), 2, 'collected');
      expectEqual(
        [1, 2, 3, 4, 5].filter((n) => store.hasArtefact(oid(n))),
        [1, 2, 5],
        'kept',
      );
      await store.removeRepository(A.id);
      expectEqual(await store.collectGarbage(0), 3, 'collected after removal');
    },
  },
  {
    name: 'a snapshot outlives a restart, is replaced as a whole, and goes with its repository',
    async run({ store, reopen }) {
      await store.putRepository(A);
      await store.putRepository(B);
      expectEqual(await store.snapshot(A.id), undefined, 'none');
      await store.putSnapshot(A.id, [Uint8Array.of(1, 2, 3), Uint8Array.of(), Uint8Array.of(4)]);
      await store.putSnapshot(B.id, [Uint8Array.of(5)]);
      await store.putSnapshot(A.id, [Uint8Array.of(6), Uint8Array.of()]);
      const again = await reopen();
      expectEqual(await again.snapshot(A.id), [Uint8Array.of(6), Uint8Array.of()], 'replaced');
      expectEqual(await again.snapshot(B.id), [Uint8Array.of(5)], 'other');
      await again.removeRepository(A.id);
      await again.putRepository(A);
      expectEqual(await again.snapshot(A.id), undefined, 'removed');
      expectEqual(await again.snapshot(B.id), [Uint8Array.of(5)], 'kept');
      const outcome = await again.putSnapshot(oid(9).slice(-16), []).then(
        () => 'accepted',
        () => 'refused',
      );
      expectEqual(outcome, 'refused', 'not registered');
    },
  },
  {
    name: 'an artefact written again replaces the former one',
    async run({ store }) {
      await store.putArtefacts([[oid(1), indexed(1)]]);
      await store.putArtefacts([[oid(1), indexed(2, 2)]]);
      expectEqual(store.artefact(oid(1)), indexed(2, 2), 'artefact');
    },
  },
  {
    name: 'writes asked for at once are done in order',
    async run({ store, reopen }) {
      const many = Array.from({ length: 2_500 }, (_, n) => ({
        path: `f${n}`,
        entry: { oid: oid(n) },
      }));
      await Promise.all([
        store.putRepository(A),
        store.commit(commitOf(A.id, many)),
        store.putArtefacts(many.map(({ entry }, n) => [entry.oid, indexed(n & 255)] as const)),
        store.commit(commitOf(A.id, [{ path: 'f1', entry: undefined }])),
      ]);
      const again = await reopen();
      expectEqual(filesOf(again, A.id).length, 2_499, 'files');
      expectEqual(again.artefact(oid(2_499)), indexed(2_499 & 255), 'artefact');
    },
  },
  {
    name: 'a closed store refuses to work',
    async run({ store }) {
      await store.close();
      await store.close();
      const outcome = await store.putRepository(A).then(
        () => 'accepted',
        () => 'refused',
      );
      expectEqual(outcome, 'refused', 'putRepository');
    },
  },
];
