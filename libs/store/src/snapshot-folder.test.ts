import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SnapshotFolder } from './snapshot-folder.js';

let directory: string;
let folder: SnapshotFolder;
let file: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'snapshots-')), 'snapshots');
  folder = new SnapshotFolder(directory, 'abc');
  file = join(directory, 'a.bin');
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }));

const sections = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(100_000).fill(7)];
const bytesOf = (found: readonly Uint8Array[] | undefined) => found?.map((section) => [...section]);

describe('SnapshotFolder', () => {
  it('gives back sections, each aligned and in memory of its own', async () => {
    await folder.write('a', sections);
    const found = (await folder.read('a'))!;
    expect(bytesOf(found)).toEqual(bytesOf(sections));
    for (const { byteOffset, buffer, length } of found) {
      expect(byteOffset).toBe(0);
      expect(buffer.byteLength).toBe(length);
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('reads nothing that is not whole', async () => {
    await folder.write('a', sections);
    const whole = readFileSync(file);
    for (const length of [
      0,
      10,
      63,
      64,
      70,
      75,
      76,
      90,
      whole.length - 9,
      whole.length - 8,
      whole.length - 1,
    ]) {
      writeFileSync(file, whole);
      truncateSync(file, length);
      expect(await folder.read('a')).toBeUndefined();
    }
    for (const at of [0, 30, 64, 68, 72, 74, 200, whole.length - 5, whole.length - 1]) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 0x10;
      writeFileSync(file, damaged);
      expect(await folder.read('a')).toBeUndefined();
    }
    writeFileSync(file, Buffer.concat([whole, Buffer.of(0)]));
    expect(await folder.read('a')).toBeUndefined();
    writeFileSync(file, whole);
    expect(bytesOf(await folder.read('a'))).toEqual(bytesOf(sections));
  });

  it('reads nothing that others wrote', async () => {
    await folder.write('a', sections);
    expect(await new SnapshotFolder(directory, 'abd').read('a')).toBeUndefined();
    expect(await folder.read('b')).toBeUndefined();
  });

  it('keeps the former one when writing fails, and leaves nothing lying about', async () => {
    await folder.write('a', [Uint8Array.of(1)]);
    const failing = (function* () {
      yield Uint8Array.of(2);
      throw new Error('no more');
    })();
    await expect(folder.write('a', failing)).rejects.toThrow('no more');
    expect(bytesOf(await folder.read('a'))).toEqual([[1]]);
    expect(await readdir(directory)).toEqual(['a.bin']);
  });
});
