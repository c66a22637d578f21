import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexStoreConformance } from '@repoformer/domain';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LmdbIndexStore } from './lmdb-index-store.js';
import { openIndexStore } from './open-index-store.js';

const formatOptions = { windowLines: 20 };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('IndexStore conformance of LmdbIndexStore', () => {
  for (const { name, run } of indexStoreConformance) {
    it(name, async () => {
      let store = await openIndexStore({ directory, formatOptions });
      try {
        const reopen = async (): Promise<LmdbIndexStore> => {
          await store.close();
          store = await openIndexStore({ directory, formatOptions });
          return store;
        };
        await run({ store, reopen });
      } finally {
        await store.close();
      }
    });
  }
});

const oid = (n: number): string => n.toString(16).padStart(40, '0');

describe('LmdbIndexStore', () => {
  it('reads an artefact whose checksum does not fit as absent', async () => {
    let store = await openIndexStore({ directory, formatOptions });
    await store.putArtefacts([
      [oid(1), { kind: 'indexed', data: Uint8Array.of(1, 2), lines: 1, windows: 1 }],
    ]);
    await store.close();
    const raw = open({ path: join(directory, 'index.mdb'), noSubdir: true, overlappingSync: false });
    const artefacts = raw.openDB<Buffer, Buffer>('artefacts', { keyEncoding: 'binary', encoding: 'binary' });
    const key = Buffer.from(oid(1), 'hex');
    const value = Buffer.from(artefacts.getBinary(key)!);
    value[value.length - 1]! ^= 1;
    await artefacts.put(key, value);
    await raw.close();
    store = await openIndexStore({ directory, formatOptions });
    expect(store.artefact(oid(1))).toBeUndefined();
    await store.close();
  });

  it('grows by itself far beyond its first size', async () => {
    const store = await openIndexStore({ directory, formatOptions });
    const data = new Uint8Array(64 * 1024).fill(7);
    for (let batch = 0; batch < 8; batch++) {
      await store.putArtefacts(
        Array.from(
          { length: 64 },
          (_, n) => [oid(batch * 64 + n), { kind: 'indexed', data, lines: 1, windows: 1 }] as const,
        ),
      );
    }
    for (const n of [0, 511]) expect(store.artefact(oid(n))).toMatchObject({ data });
    await store.close();
  });

  it('lets other work run while a large commit is written, and shows it all or not at all', async () => {
    const store = await openIndexStore({ directory, formatOptions });
    const id = '0123456789abcdef';
    await store.putRepository({ id, root: '/r', addedAtMs: 0 });
    const files = Array.from({ length: 10_000 }, (_, n) => ({ path: `d/${n}`, entry: { oid: oid(n) } }));
    let turns = 0;
    let done = false;
    const count = () => {
      turns++;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    await store.commit({
      repository: id,
      indexedCommit: oid(1),
      indexedAtMs: 0,
      rulesHash: '',
      replaceAll: true,
      files,
    });
    done = true;
    expect(turns).toBeGreaterThan(9);
    // A failing one in the middle of its files leaves what was there.
    const broken = {
      *[Symbol.iterator]() {
        for (let n = 0; n < 5_000; n++) yield { path: `d/${n}`, entry: undefined };
        throw new Error('source failed');
      },
    };
    await expect(
      store.commit({
        repository: id,
        indexedCommit: oid(2),
        indexedAtMs: 0,
        rulesHash: '',
        replaceAll: false,
        files: broken as never,
      }),
    ).rejects.toThrow('cannot be read or written');
    expect([...store.files(id)].length).toBe(10_000);
    expect(store.repositories()[0]!.indexedCommit).toBe(oid(1));
    await store.close();
  });

  it('refuses ids that are no ids', async () => {
    const store = await openIndexStore({ directory, formatOptions });
    await expect(store.putRepository({ id: 'x', root: '/', addedAtMs: 0 })).rejects.toThrow('16 hex digits');
    expect(() => store.artefact('x')).toThrow('40 hex digits');
    await store.close();
  });
});
