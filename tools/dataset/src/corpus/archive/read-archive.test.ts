import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { padded, tarGz, tarHeader, temporaryDirectory, zip, type TestEntry } from '../testing.js';
import { ArchiveError, DEFAULT_ARCHIVE_LIMITS, type ArchiveContent } from './archive.js';
import { readTarGz } from './read-tar.js';
import { readZip } from './read-zip.js';
import { withoutTopFolder } from './without-top-folder.js';

const limits = { maxFiles: 10, maxTotalBytes: 10_000, maxFileBytes: 5_000 };
const plain = ({ files }: ArchiveContent) =>
  files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString('utf8')]);

const entry = fc.record({
  path: fc.stringMatching(/^[a-z/]{1,200}[a-z]$/),
  text: fc.string({ unit: 'grapheme', maxLength: 2_000 }),
});

describe.each([
  ['readTarGz', tarGz, readTarGz],
  ['readZip', zip, readZip],
] as const)('%s', (_name, write, read) => {
  it('gives back names and contents', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
        const expected = entries.map(({ path, text }) => [path, Buffer.from(text).toString('utf8')]);
        expect(plain(read(write(entries), DEFAULT_ARCHIVE_LIMITS))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses or reads, and never fails otherwise, whatever the bytes', () => {
    const good = write([
      { path: 'p/a.py', text: 'a = 1\n'.repeat(50) },
      { path: 'p/b.py', text: 'b = 2\n' },
    ]);
    const raw = read === readTarGz ? gunzipSync(good) : good;
    const pack = (bytes: Buffer) => (read === readTarGz ? gzipSync(bytes) : bytes);
    const change = fc.record({ at: fc.nat(raw.length - 1), byte: fc.nat(255), length: fc.nat(raw.length) });
    fc.assert(
      fc.property(change, fc.boolean(), ({ at, byte, length }, cut) => {
        const bytes = Buffer.from(raw);
        bytes[at] = byte;
        try {
          read(pack(cut ? bytes.subarray(0, length) : bytes), limits);
        } catch (error) {
          expect(error).toBeInstanceOf(ArchiveError);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('refuses more files, or more bytes, than the limits', () => {
    const many = Array.from({ length: 11 }, (_, at) => ({ path: `p/${at}`, text: 'x' }));
    expect(() => read(write(many), limits)).toThrow(/more than 10 entries/);
    const bomb = Array.from({ length: 10 }, (_, at) => ({ path: `p/${at}`, text: 'x'.repeat(4_000) }));
    expect(() => read(write(bomb), limits)).toThrow(/more than 10000 bytes/);
  });

  it('leaves out a file that is too large, and says so', () => {
    const content = read(
      write([
        { path: 'p/large', text: 'x'.repeat(5_001) },
        { path: 'p/small', text: 'y' },
      ]),
      limits,
    );
    expect(plain(content)).toEqual([['p/small', 'y']]);
    expect(content.tooLarge).toBe(1);
  });
});

describe('readTarGz', () => {
  it('follows no links and makes no devices', () => {
    const types = ['1', '2', '3', '4', '6'];
    const links: TestEntry[] = types.map((type) => ({ path: `p/link${type}`, type }));
    const content = readTarGz(
      tarGz([...links, { path: 'p/', type: '5' }, { path: 'p/a', text: 'a' }]),
      limits,
    );
    expect(plain(content)).toEqual([['p/a', 'a']]);
    expect(content.links).toBe(5);
  });

  it('refuses a size that reaches beyond the archive', () => {
    const lying = gzipSync(Buffer.concat([tarHeader('p/a', 4_000, '0'), padded(Buffer.from('a'))]));
    expect(() => readTarGz(lying, limits)).toThrow('it ends inside a file');
  });

  it('reads what the system tar writes, in its several formats', () => {
    const directory = temporaryDirectory();
    try {
      const long = `p/${'very-long-folder-name/'.repeat(8)}file.py`;
      mkdirSync(join(directory, long, '..'), { recursive: true });
      writeFileSync(join(directory, long), 'long = True\n');
      writeFileSync(join(directory, 'p/ü.py'), 'umlaut = True\n');
      symlinkSync('/etc/passwd', join(directory, 'p/link.py'));
      for (const format of ['gnu', 'pax']) {
        const archive = join(directory, `${format}.tgz`);
        const { status } = spawnSync('tar', [`--format=${format}`, '-czf', archive, 'p'], { cwd: directory });
        expect(status).toBe(0);
        const content = readTarGz(readFileSync(archive), DEFAULT_ARCHIVE_LIMITS);
        expect(plain(content).sort()).toEqual([
          [long, 'long = True\n'],
          ['p/ü.py', 'umlaut = True\n'],
        ]);
        expect(content.links).toBe(1);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('readZip', () => {
  it('follows no links', () => {
    const content = readZip(zip([{ path: 'link', text: '/etc/passwd', mode: 0o120777 }]), limits);
    expect(content).toEqual({ files: [], links: 1, tooLarge: 0 });
  });

  it('refuses content that is not what the directory says', () => {
    const archive = zip([{ path: 'a', text: 'content' }]);
    // The checksum in the central directory.
    const at = archive.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 16;
    archive[at] = archive[at]! ^ 1;
    expect(() => readZip(archive, limits)).toThrow('a file in it is damaged');
  });
});

describe('withoutTopFolder', () => {
  const content = (...paths: string[]): ArchiveContent => ({
    files: paths.map((path) => ({ path, bytes: new Uint8Array() })),
    links: 0,
    tooLarge: 0,
  });

  it('takes the one folder away, whatever its name', () => {
    const { files } = withoutTopFolder(content('package/a.js', './package/lib/b.js'));
    expect(files.map(({ path }) => path)).toEqual(['a.js', 'lib/b.js']);
  });

  it('refuses an archive without one', () => {
    expect(() => withoutTopFolder(content('a/x', 'b/y'))).toThrow(ArchiveError);
  });
});
