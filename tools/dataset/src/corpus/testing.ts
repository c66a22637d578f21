import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

/** An entry of a test archive: text, or raw fields. */
export interface TestEntry {
  readonly path: string;
  readonly text?: string | Uint8Array;
  /** Tar: type flag; default a regular file. */
  readonly type?: string;
  /** Zip: Unix mode with its type; default a regular file. */
  readonly mode?: number;
}

/** A gzipped ustar archive; long names go into pax headers. */
export function tarGz(entries: readonly TestEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, text = '', type = '0' }) => {
    const body = Buffer.from(text);
    if (Buffer.byteLength(path) <= 100) return [tarHeader(path, body.length, type), padded(body)];
    const record = paxRecord('path', path);
    return [
      tarHeader('pax', record.length, 'x'),
      padded(record),
      tarHeader('long', body.length, type),
      padded(body),
    ];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

export function tarHeader(path: string, size: number, type: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0, 100, 'utf8');
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

export function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

/** A zip archive of deflated members. */
export function zip(entries: readonly TestEntry[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const { path, text = '', mode = 0o100644 } of entries) {
    const name = Buffer.from(path);
    const body = Buffer.from(text);
    const packed = deflateRawSync(body);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry[5] = 3;
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(crc32(body), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(body.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE((mode << 16) >>> 0, 38);
    entry.writeUInt32LE(at, 42);
    local.push(head, name, packed);
    central.push(entry, name);
    at += head.length + name.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, directory, end]);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A temporary directory; the caller removes it. */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'repoformer-corpus-'));
}

export function writeFiles(root: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/**
 * Puts a stand-in for a package client into a folder for `PATH`: a shell script that is run with the client's own
 * arguments, in the folder that the client would write to.
 */
export function writeClient(folder: string, name: string, script: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** Python source of some length that differs by its seed throughout. */
export function sourceText(seed: string, functions = 12): string {
  const word = (at: number) =>
    sha256(Buffer.from(`${seed}${at}`))
      .replace(/\d/g, '')
      .slice(0, 8);
  return Array.from(
    { length: functions },
    (_, at) =>
      `def ${word(at)}(${word(at + 100)}):\n    ${word(at + 200)} = ${word(at + 100)} + 1\n    return ${word(at + 200)}\n`,
  ).join('\n');
}
