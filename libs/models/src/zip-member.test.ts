import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, zipBytes, type Sandbox } from './testing.js';
import { extractOnlyMember, ZipError } from './zip-member.js';

describe('extractOnlyMember', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox();
  });
  afterAll(() => sandbox.remove());

  const extract = async (archive: Buffer, expectedBytes: number): Promise<Buffer> => {
    const path = join(sandbox.root, 'a.zip');
    await writeFile(path, archive);
    const pieces: Buffer[] = [];
    await extractOnlyMember(path, '.bin', expectedBytes, async (bytes) => {
      pieces.push(Buffer.from(bytes));
    });
    return Buffer.concat(pieces);
  };
  const content = Buffer.concat([randomBytes(100_000), Buffer.alloc(300_000, 'x')]);
  const bin = { name: 'p/data/a.bin', bytes: content };
  const other = { name: 'p/__init__.py', bytes: Buffer.from('x = 1\n') };

  it.each([
    ['deflated', {}],
    ['stored', { stored: true }],
    ['deflated, zip64', { zip64: true }],
    ['stored, zip64', { stored: true, zip64: true }],
  ])('reads a member that is %s', async (_what, how) => {
    expect((await extract(zipBytes([other, { ...bin, ...how }]), content.length)).equals(content)).toBe(true);
  });

  it('reads an archive with a comment, and an empty member', async () => {
    const archive = zipBytes([{ name: 'a.bin', bytes: Buffer.alloc(0), stored: true }]);
    expect(await extract(Buffer.concat([archive, Buffer.from('comment')]), 0)).toHaveLength(0);
  });

  it.each([
    ['two members', () => zipBytes([bin, { ...bin, name: 'b.bin' }]), /holds 2 files/],
    ['no member', () => zipBytes([other]), /holds 0 files/],
    ['another size', () => zipBytes([{ ...bin, bytes: randomBytes(9) }]), /9 bytes instead of 400000/],
    [
      'more than it announces',
      () => zipBytes([{ ...bin, bytes: Buffer.alloc(5_000_000), saysBytes: content.length }]),
      /inflates to more/,
    ],
    [
      'less than it announces',
      () => zipBytes([{ ...bin, bytes: randomBytes(10), saysBytes: content.length }]),
      /cut off/,
    ],
    ['text', () => Buffer.from('<html>not here</html>'), /no zip archive/],
    ['nothing', () => Buffer.alloc(0), /no zip archive/],
    ['half of it', () => zipBytes([bin]).subarray(0, 50_000), /no zip archive/],
  ])('refuses an archive with %s', async (_what, archive, message) => {
    const attempt = extract(archive(), content.length);
    await expect(attempt).rejects.toThrow(ZipError);
    await expect(attempt).rejects.toThrow(message);
  });

  it('refuses damaged data', async () => {
    const archive = zipBytes([bin]);
    archive.fill(0xff, 50, 90);
    await expect(extract(archive, content.length)).rejects.toThrow(ZipError);
  });

  it('survives any single damaged byte of the structures', async () => {
    const small = { name: 'a.bin', bytes: Buffer.from('content'), stored: true };
    for (const zip64 of [false, true]) {
      const archive = zipBytes([{ ...small, zip64 }]);
      for (let at = 0; at < archive.length; at++) {
        const damaged = Buffer.from(archive);
        damaged[at] = (damaged[at] ?? 0) ^ 0xff;
        const outcome = await extract(damaged, 7).then(
          (bytes) => bytes.length === 7,
          (error: unknown) => error instanceof ZipError || error,
        );
        expect(outcome, `byte ${at}`).toBe(true);
      }
    }
  });
});
