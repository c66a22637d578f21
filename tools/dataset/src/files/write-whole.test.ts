import * as fs from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeChanged, writeWhole } from './write-whole.js';

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof fs>();
  return { ...actual, open: vi.fn(actual.open) };
});

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-whole-'));
  path = join(directory, 'deep', 'file.txt');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** The next file that is opened fails at this, when half of it is written. */
function failNext(method: 'writeFile' | 'datasync', code: string): void {
  vi.mocked(fs.open).mockImplementationOnce(async (file, flags) => {
    const { open } = await vi.importActual<typeof fs>('node:fs/promises');
    const handle = await open(file, flags);
    await handle.write('half of');
    handle[method] = () => Promise.reject(Object.assign(new Error(code), { code }));
    return handle;
  });
}

describe('writeWhole', () => {
  it('makes the folder, and takes the place of what was there', async () => {
    await writeWhole(path, 'one');
    await writeWhole(path, Buffer.from('two'));
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(join(directory, 'deep'))).toEqual(['file.txt']);
  });

  it.each([
    ['writeFile', 'ENOSPC', 'resource_exhausted'],
    ['datasync', 'ENOSPC', 'resource_exhausted'],
    ['writeFile', 'EDQUOT', 'resource_exhausted'],
    ['datasync', 'EIO', 'unavailable'],
  ] as const)('leaves the old file whole where %s fails by %s', async (method, code, kind) => {
    await writeWhole(path, 'as it was');
    failNext(method, code);
    await expect(writeWhole(path, 'another text')).rejects.toMatchObject({ kind });
    expect(await readFile(path, 'utf8')).toBe('as it was');
    expect(await readdir(join(directory, 'deep'))).toEqual(['file.txt']);
    await writeWhole(path, 'another text');
    expect(await readFile(path, 'utf8')).toBe('another text');
  });

  it('leaves nothing behind of a file that was not there', async () => {
    failNext('writeFile', 'ENOSPC');
    await expect(writeWhole(path, 'text')).rejects.toThrow(/file\.txt: the disk is full; free some space/);
    expect(await readdir(join(directory, 'deep'))).toEqual([]);
  });

  it('has one of two texts that are written at once', async () => {
    const texts = ['a'.repeat(100_000), 'b'.repeat(50_000)];
    await Promise.all(texts.map((text) => writeWhole(path, text)));
    expect(texts).toContain(await readFile(path, 'utf8'));
    expect(await readdir(join(directory, 'deep'))).toEqual(['file.txt']);
  });
});

describe('writeChanged', () => {
  it('writes what is lacking or other, and nothing else', async () => {
    await writeChanged(path, 'text');
    const { ino } = await stat(path);
    await writeChanged(path, 'text');
    expect((await stat(path)).ino).toBe(ino);
    await writeFile(path, '');
    await writeChanged(path, 'text');
    expect(await readFile(path, 'utf8')).toBe('text');
  });
});
