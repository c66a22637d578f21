import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { ByteLru } from './byte-lru.js';
import { ObjectStore } from './object-store.js';
import { Scratch } from './testing/scratch-repository.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

function storeOf(where: string): ObjectStore {
  const store = new ObjectStore(scratch.path(where, '.git/objects'));
  onTestFinished(() => store.close());
  return store;
}

const looseFile = (where: string, oid: string): string => {
  mkdirSync(scratch.path(where, '.git/objects', oid.slice(0, 2)), { recursive: true });
  return scratch.path(where, '.git/objects', oid.slice(0, 2), oid.slice(2));
};

describe('ObjectStore', () => {
  it('keeps few files open, however many packs there are', async () => {
    scratch.init('packs');
    const oids: string[] = [];
    for (let pack = 0; pack < 45; pack++) {
      const oid = scratch
        .gitBytes('packs', ['hash-object', '-w', '--stdin'], `content ${pack}`)
        .toString()
        .trim();
      scratch.gitBytes('packs', ['pack-objects', '-q', '.git/objects/pack/pack'], `${oid}\n`);
      rmSync(looseFile('packs', oid));
      oids.push(oid);
    }
    const store = storeOf('packs');
    for (const [pack, oid] of oids.entries()) {
      const object = await store.read(oid, 100);
      expect(object.kind === 'object' && object.data.toString()).toBe(`content ${pack}`);
      expect(store.openFiles).toBeLessThanOrEqual(32);
    }
    expect(store.openFiles).toBe(32);
    store.close();
    expect(store.openFiles).toBe(0);
  });

  it('has the tree of no files, which git knows without having it', async () => {
    scratch.init('no-files');
    const oid = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
    expect(scratch.git('no-files', 'cat-file', '-t', oid)).toBe('tree');
    const tree = { kind: 'object', type: 'tree', data: Buffer.alloc(0) };
    expect(await storeOf('no-files').read(oid, 100)).toEqual(tree);
  });

  it('sees packs that came, went or were replaced since', async () => {
    scratch.init('changing');
    scratch.write('changing/a', 'one');
    scratch.commit('changing');
    const store = storeOf('changing');
    const oid = scratch.git('changing', 'rev-parse', 'HEAD:a');
    expect((await store.read(oid, 100)).kind).toBe('object');
    scratch.git('changing', 'repack', '-adq');
    expect((await store.read(oid, 100)).kind).toBe('object');
    scratch.write('changing/b', 'two');
    scratch.commit('changing');
    scratch.git('changing', 'repack', '-adfq');
    expect((await store.read(oid, 100)).kind).toBe('object');
    expect((await store.read(scratch.git('changing', 'rev-parse', 'HEAD:b'), 100)).kind).toBe('object');
  });

  it('never returns bytes that a caller could change for the next one', async () => {
    scratch.init('shared-bytes');
    const text = Array.from({ length: 200 }, (_, line) => `line ${line}`).join('\n');
    scratch.write('shared-bytes/a', text);
    scratch.commit('shared-bytes');
    scratch.write('shared-bytes/a', `${text}\nmore`);
    scratch.commit('shared-bytes');
    scratch.git('shared-bytes', 'gc', '-q', '--prune=now');
    const store = storeOf('shared-bytes');
    const oids = ['HEAD:a', 'HEAD~1:a'].map((name) => scratch.git('shared-bytes', 'rev-parse', name));
    for (let round = 0; round < 3; round++) {
      for (const oid of oids) {
        const object = await store.read(oid, 10_000);
        expect(object.kind).toBe('object');
        if (object.kind === 'object') object.data.fill(0);
      }
    }
  });

  it('does not inflate more than an object declares', async () => {
    scratch.init('bomb');
    const oid = 'a'.repeat(40);
    writeFileSync(
      looseFile('bomb', oid),
      deflateSync(Buffer.concat([Buffer.from('blob 10\0'), Buffer.alloc(1 << 24)])),
    );
    expect(await storeOf('bomb').read(oid, 1 << 20)).toMatchObject({ kind: 'corrupt' });
    writeFileSync(looseFile('bomb', oid), deflateSync(Buffer.from('blob 999999999999\0')));
    expect(await storeOf('bomb').read(oid, 1 << 20)).toEqual({
      kind: 'too_large',
      sizeBytes: 999_999_999_999,
    });
    expect(await storeOf('bomb').read(oid, 2 ** 50)).toMatchObject({ kind: 'corrupt' });
  });

  it('does not wait for a FIFO, nor read a folder', async () => {
    scratch.init('odd');
    const [fifo, folder] = ['b'.repeat(40), 'c'.repeat(40)] as const;
    execFileSync('mkfifo', [looseFile('odd', fifo)]);
    mkdirSync(looseFile('odd', folder));
    mkdirSync(scratch.path('odd/.git/objects/pack/pack-1.idx'), { recursive: true });
    writeFileSync(scratch.path('odd/.git/objects/pack/pack-2.idx'), 'no index');
    for (const oid of [fifo, folder])
      expect(await storeOf('odd').read(oid, 100)).toEqual({ kind: 'missing' });
  });

  it('ends on reference deltas that go round in a circle', async () => {
    scratch.init('circle');
    const [a, b] = ['1'.repeat(40), '2'.repeat(40)] as const;
    // Two entries that are each a delta against the other; the pack's index is made by hand.
    const delta = deflateSync(Buffer.from([1, 1, 1, 65]));
    const entry = (base: string): Buffer =>
      Buffer.concat([Buffer.from([0x74]), Buffer.from(base, 'hex'), delta]);
    const header = Buffer.from('5041434b0000000200000002', 'hex');
    const pack = Buffer.concat([header, entry(b), entry(a), Buffer.alloc(20)]);
    const fanout = Buffer.alloc(1024);
    for (let first = 0; first < 256; first++)
      fanout.writeUInt32BE(first < 0x11 ? 0 : first < 0x22 ? 1 : 2, first * 4);
    const offsets = Buffer.alloc(8);
    offsets.writeUInt32BE(12, 0);
    offsets.writeUInt32BE(12 + entry(b).length, 4);
    const names = Buffer.concat([Buffer.from(a, 'hex'), Buffer.from(b, 'hex')]);
    const index = Buffer.concat([
      Buffer.from('ff744f6300000002', 'hex'),
      fanout,
      names,
      Buffer.alloc(8),
      offsets,
      Buffer.alloc(40),
    ]);
    const folder = scratch.path('circle/.git/objects/pack');
    writeFileSync(join(folder, 'pack-x.pack'), pack);
    writeFileSync(join(folder, 'pack-x.idx'), index);
    expect(readdirSync(folder)).toHaveLength(2);
    expect(await storeOf('circle').read(a, 100)).toMatchObject({
      kind: 'corrupt',
      problem: expect.stringMatching(/does not end/),
    });
  });
});

describe('ByteLru', () => {
  it('drops the least recently used beyond its bytes, and refuses what is too big', async () => {
    const cache = new ByteLru<string>(100);
    for (const key of ['a', 'b', 'c', 'd']) cache.set(key, key, 25);
    cache.get('a');
    cache.set('e', 'e', 25);
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key))).toEqual(['a', 'c', 'd', 'e']);
    cache.set('huge', 'huge', 26);
    expect(cache.get('huge')).toBeUndefined();
    cache.set('a', 'A', 5);
    expect(cache.sizeBytes).toBe(80);
  });
});
