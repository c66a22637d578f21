import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { GitRepositoryOpener } from './git-repository-opener.js';
import { ObjectStore } from './object-store.js';
import {
  appendingDelta,
  deflateZeros,
  oidOf,
  writeLoose,
  writePack,
  type RawEntry,
} from './testing/raw-objects.js';
import { Scratch } from './testing/scratch-repository.js';
import { LONG_TESTS } from './testing/test-size.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const objectsOf = (where: string): string => scratch.path(where, '.git/objects');

function storeOf(where: string): ObjectStore {
  const store = new ObjectStore(objectsOf(where));
  onTestFinished(() => store.close());
  return store;
}

const BLOB = 3;
const OFFSET_DELTA = 6;
const NAME_DELTA = 7;
const GIB = 2 ** 30;
/** Any name will do: what is not inflated is not hashed. */
const HUGE = '5f5d0cbcbea8a0aa4b7ba7f8bd2a8d6a0e4d9a2c';

describe('a blob of two gibibytes', () => {
  const expectRefused = async (where: string, oid: string): Promise<void> => {
    const store = storeOf(where);
    const before = process.memoryUsage().arrayBuffers;
    expect(await store.read(oid, 1 << 20)).toEqual({ kind: 'too_large', sizeBytes: 2 * GIB });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
  };

  it('is not inflated, be it loose or packed, nor to make a small one of it', async () => {
    const loose = deflateZeros(Buffer.from(`blob ${2 * GIB}\0`), 2048);
    expect(loose.length).toBeLessThan(4 << 20);
    scratch.init('huge-loose');
    writeLoose(objectsOf('huge-loose'), HUGE, loose);
    await expectRefused('huge-loose', HUGE);

    scratch.init('huge-packed');
    const small = Buffer.from('0000');
    // Takes the first four bytes of its base.
    const delta = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x08, 4, 0x90, 4]);
    const base = { oid: HUGE, type: BLOB, sizeBytes: 2 * GIB, stream: deflateZeros(Buffer.alloc(0), 2048) };
    writePack(objectsOf('huge-packed'), [
      base,
      {
        oid: oidOf('blob', small),
        type: OFFSET_DELTA,
        sizeBytes: delta.length,
        base: 0,
        stream: deflateSync(delta),
      },
    ]);
    await expectRefused('huge-packed', HUGE);
    await expectRefused('huge-packed', oidOf('blob', small));
  });

  it.runIf(LONG_TESTS)('is what git reads it as', () => {
    scratch.init('huge-git');
    const hash = createHash('sha1').update(`blob ${2 * GIB}\0`);
    for (let n = 0; n < 2048; n++) hash.update(Buffer.alloc(1 << 20));
    const oid = hash.digest('hex');
    writeLoose(objectsOf('huge-git'), oid, deflateZeros(Buffer.from(`blob ${2 * GIB}\0`), 2048));
    expect(scratch.git('huge-git', 'fsck', '--full', '--no-dangling')).toBe('');
    expect(scratch.git('huge-git', 'cat-file', '-s', oid)).toBe(`${2 * GIB}`);
  });
});

describe('chains of deltas', () => {
  /** A blob, and each further one a byte longer. */
  const chainOf = (length: number): RawEntry[] => {
    let data = Buffer.from('base');
    const entries: RawEntry[] = [
      { oid: oidOf('blob', data), type: BLOB, sizeBytes: data.length, stream: deflateSync(data) },
    ];
    for (let n = 0; n < length; n++) {
      const delta = appendingDelta(data.length, 65 + (n % 26));
      data = Buffer.concat([data, Buffer.of(65 + (n % 26))]);
      const oid = oidOf('blob', data);
      entries.push({ oid, type: OFFSET_DELTA, sizeBytes: delta.length, base: n, stream: deflateSync(delta) });
    }
    return entries;
  };

  it.each([4095, 9000])('of %i are followed', async (length) => {
    const where = `chain-${length}`;
    scratch.init(where);
    const entries = chainOf(length);
    const pack = writePack(objectsOf(where), entries);
    const { oid } = entries.at(-1)!;
    const object = await storeOf(where).read(oid, 1 << 20);
    expect(object.kind === 'object' && object.data.length).toBe(4 + length);
    // Deeper ones than its own git follows by recursion.
    if (length <= 4095) expect(() => scratch.git(where, 'verify-pack', `${pack}.idx`)).not.toThrow();
  });

  it('that are endless or far too long are refused', async () => {
    scratch.init('chain-long');
    const entries = chainOf(10_050);
    writePack(objectsOf('chain-long'), entries);
    expect(await storeOf('chain-long').read(entries.at(-1)!.oid, 1 << 20)).toMatchObject({ kind: 'corrupt' });
  });

  it('that lie about sizes are refused', async () => {
    scratch.init('chain-lies');
    const data = Buffer.from('base');
    const base = { oid: oidOf('blob', data), type: BLOB, sizeBytes: data.length, stream: deflateSync(data) };
    const lie = (oid: string, delta: Buffer, sizeBytes = delta.length): RawEntry => ({
      ...{ oid, type: NAME_DELTA, sizeBytes, base: base.oid, stream: deflateSync(delta) },
    });
    const lies = [
      lie('10'.repeat(20), Buffer.from([9, 4, 0x90, 4])),
      lie('20'.repeat(20), Buffer.from([4, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x90, 4])),
      lie('30'.repeat(20), Buffer.from([4, 4, 0x91, 200, 4])),
      lie('40'.repeat(20), Buffer.from([4, 4, 0x90, 4]), 2 ** 40),
      lie('50'.repeat(20), Buffer.from([4, 4, 0x90, 4]), 2),
      { oid: '60'.repeat(20), type: BLOB, sizeBytes: 3, stream: deflateSync(data) },
      { oid: '70'.repeat(20), type: BLOB, sizeBytes: 5, stream: deflateSync(data) },
      { oid: '80'.repeat(20), type: 5, sizeBytes: 4, stream: deflateSync(data) },
      { oid: '90'.repeat(20), type: BLOB, sizeBytes: 4, stream: deflateSync(data) },
    ];
    writePack(objectsOf('chain-lies'), [base, ...lies]);
    const store = storeOf('chain-lies');
    for (const { oid } of lies)
      expect((await store.read(oid, 1 << 20)).kind, oid).toMatch(/corrupt|too_large/);
    expect((await store.read(base.oid, 1 << 20)).kind).toBe('object');
  });
});

describe('packs that are not whole', () => {
  const packed = (name: string): { where: string; pack: string; commit: string } => {
    scratch.init(name);
    for (let n = 0; n < 8; n++) scratch.write(`${name}/f${n}.ts`, `line ${n}\n`.repeat(50));
    const commit = scratch.commit(name);
    scratch.git(name, 'repack', '-adq');
    const packs = join(objectsOf(name), 'pack');
    const pack = join(
      packs,
      readdirSync(packs).find((file) => file.endsWith('.pack'))!,
    ).slice(0, -5);
    return { where: name, pack, commit };
  };
  const outcome = async (where: string, commit: string): Promise<string[]> => {
    const reader = await new GitRepositoryOpener().open(scratch.path(where));
    onTestFinished(() => reader.close());
    try {
      const kinds: string[] = [];
      for await (const { after } of reader.diffTrees(undefined, commit))
        kinds.push((await reader.readBlob(after!, 1 << 20)).kind);
      return kinds;
    } catch (error) {
      return [(error as { reason: string }).reason];
    }
  };

  it('are read as far as they go, or refused', async () => {
    const { where, pack, commit } = packed('cut');
    const whole = readFileSync(`${pack}.pack`);
    const seen = new Set<string>();
    for (const share of [0, 0.01, 0.3, 0.6, 0.9, 0.999]) {
      rmSync(`${pack}.pack`);
      writeFileSync(`${pack}.pack`, whole.subarray(0, Math.floor(whole.length * share)));
      for (const kind of await outcome(where, commit)) seen.add(kind);
    }
    expect([...seen].every((kind) => ['content', 'corrupt', 'OBJECT_CORRUPT'].includes(kind))).toBe(true);
    expect(seen.has('OBJECT_CORRUPT')).toBe(true);
  });

  it('are passed over where the index is cut, absent, or without its pack', async () => {
    for (const spoil of ['cut', 'absent', 'without', 'folder'] as const) {
      const { where, pack, commit } = packed(`idx-${spoil}`);
      if (spoil === 'cut') {
        const whole = readFileSync(`${pack}.idx`);
        rmSync(`${pack}.idx`);
        writeFileSync(`${pack}.idx`, whole.subarray(0, 1100));
      } else {
        rmSync(`${pack}.${spoil === 'absent' ? 'idx' : 'pack'}`);
      }
      if (spoil === 'folder') scratch.write(`${pack.slice(scratch.directory.length + 1)}.pack/x`, '');
      const expected = spoil === 'cut' || spoil === 'absent' ? 'OBJECT_MISSING' : 'OBJECT_CORRUPT';
      expect(await outcome(where, commit), spoil).toEqual([expected]);
      // What is there beside it is read all the same.
      scratch.write(`${where}/new.ts`, 'new\n');
      const blob = scratch.git(where, 'hash-object', '-w', 'new.ts');
      expect((await storeOf(where).read(blob, 100)).kind).toBe('object');
    }
  });

  it('do no harm where files that speed git up are damaged', async () => {
    const { where, pack, commit } = packed('speed-ups');
    scratch.git(where, 'commit-graph', 'write', '--reachable');
    scratch.git(where, 'multi-pack-index', 'write', '--bitmap');
    for (const file of ['info/commit-graph', 'pack/multi-pack-index']) {
      const path = join(objectsOf(where), file);
      const size = statSync(path).size;
      rmSync(path);
      writeFileSync(path, Buffer.alloc(size, 0xff));
    }
    writeFileSync(`${pack}.rev`, 'damaged');
    const temporary = join(objectsOf(where), 'pack', 'tmp_pack_Ab12Cd');
    writeFileSync(temporary, readFileSync(`${pack}.pack`));
    truncateSync(temporary, 100);
    expect(await outcome(where, commit)).toEqual(Array.from({ length: 8 }, () => 'content'));
  });
});
