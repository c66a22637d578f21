import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import type { ModelEntry, ModelSource } from './catalog-entry.js';

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A smallest GGUF: a header with some metadata, then random bytes up to a size. */
export function ggufBytes(sizeBytes: number, metadata: Record<string, string | number> = {}): Buffer {
  const string = (text: string) => {
    const head = Buffer.alloc(8);
    head.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const uint = (value: number, bytes: 4 | 8) => {
    const field = Buffer.alloc(bytes);
    if (bytes === 4) field.writeUInt32LE(value);
    else field.writeBigUInt64LE(BigInt(value));
    return field;
  };
  const pairs = Object.entries(metadata).map(([key, value]) =>
    Buffer.concat([
      string(key),
      typeof value === 'string'
        ? Buffer.concat([uint(8, 4), string(value)])
        : Buffer.concat([uint(4, 4), uint(value, 4)]),
    ]),
  );
  // An array of strings and one of numbers in between, as vocabularies are.
  const array = Buffer.concat([
    ...[string('tokenizer.ggml.tokens'), uint(9, 4), uint(8, 4), uint(2, 8), string('a'), string('bc')],
    ...[string('tokenizer.ggml.types'), uint(9, 4), uint(4, 4), uint(3, 8), Buffer.alloc(12)],
  ]);
  const head = Buffer.concat([
    ...[Buffer.from('GGUF'), uint(3, 4), uint(0, 8), uint(pairs.length + 2, 8), array, ...pairs],
  ]);
  return Buffer.concat([head, randomBytes(Math.max(0, sizeBytes - head.length))]);
}

/** A zip archive. */
export function zipBytes(
  members: readonly { name: string; bytes: Buffer; stored?: boolean; zip64?: boolean; saysBytes?: number }[],
): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, stored, zip64, saysBytes } of members) {
    const data = stored ? bytes : deflateRawSync(bytes);
    const sizeBytes = saysBytes ?? bytes.length;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(stored ? 0 : 8, 8);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    // Wheels written as streams leave these sizes out; readers must take the directory's.
    bodies.push(local, Buffer.from(name), data);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(stored ? 0 : 8, 10);
    entry.writeUInt32LE(crc32(bytes), 16);
    entry.writeUInt32LE(zip64 ? 0xffffffff : data.length, 20);
    entry.writeUInt32LE(zip64 ? 0xffffffff : sizeBytes, 24);
    entry.writeUInt16LE(Buffer.byteLength(name), 28);
    entry.writeUInt32LE(zip64 ? 0xffffffff : offset, 42);
    let extra = Buffer.alloc(0);
    if (zip64) {
      extra = Buffer.alloc(36);
      extra.writeUInt16LE(0x5455, 0);
      extra.writeUInt16LE(4, 2);
      extra.writeUInt16LE(1, 8);
      extra.writeUInt16LE(24, 10);
      extra.writeBigUInt64LE(BigInt(sizeBytes), 12);
      extra.writeBigUInt64LE(BigInt(data.length), 20);
      extra.writeBigUInt64LE(BigInt(offset), 28);
      entry.writeUInt16LE(extra.length, 30);
    }
    directory.push(entry, Buffer.from(name), extra);
    offset += 30 + Buffer.byteLength(name) + data.length;
  }
  const central = Buffer.concat(directory);
  const isZip64 = members.some(({ zip64 }) => zip64);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(isZip64 ? 0xffffffff : offset, 16);
  if (!isZip64) return Buffer.concat([...bodies, central, end]);
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(BigInt(central.length), 40);
  end64.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + central.length), 8);
  return Buffer.concat([...bodies, central, end64, locator, end]);
}

/** A wheel that pip accepts, carrying `bytes` as its only `.bin` member. */
export function wheelBytes(packageName: string, version: string, bytes: Buffer, stored = false): Buffer {
  const module = packageName.replaceAll('-', '_');
  const info = `${module}-${version}.dist-info`;
  return zipBytes([
    { name: `${module}/__init__.py`, bytes: Buffer.from('raise SystemExit("must never run")\n') },
    { name: `${module}/data/part.bin`, bytes, stored },
    {
      name: `${info}/METADATA`,
      bytes: Buffer.from(`Metadata-Version: 2.1\nName: ${packageName}\nVersion: ${version}\n`),
    },
    {
      name: `${info}/WHEEL`,
      bytes: Buffer.from('Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    },
    { name: `${info}/RECORD`, bytes: Buffer.from('') },
  ]);
}

export const wheelName = (packageName: string, version: string): string =>
  `${packageName.replaceAll('-', '_')}-${version}-py3-none-any.whl`;

/** A catalogue entry for some bytes. */
export function entryFor(
  bytes: Buffer,
  sources: readonly ModelSource[],
  more: Partial<ModelEntry> = {},
): ModelEntry {
  return {
    name: 'small',
    title: 'Small',
    description: 'A model for tests.',
    licence: 'Apache-2.0',
    architecture: 'llama',
    file: 'small.gguf',
    sizeBytes: bytes.length,
    sha256: sha256Of(bytes),
    sources,
    adapters: [],
    contextTokens: 1024,
    roles: ['generator'],
    default: true,
    ...more,
  };
}

/** Directories for one test: `root`, a bundle with a catalogue, and a models directory that is not there yet. */
export interface Sandbox {
  readonly root: string;
  readonly modelsDirectory: string;
  readonly bundledDirectory: string;
  writeCatalog(models: readonly ModelEntry[]): Promise<void>;
  remove(): Promise<void>;
}

export async function createSandbox(): Promise<Sandbox> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'repoformer models-')));
  const bundledDirectory = join(root, 'bundle');
  await mkdir(bundledDirectory);
  return {
    root,
    bundledDirectory,
    modelsDirectory: join(root, 'user', 'models'),
    writeCatalog: (models) => writeFile(join(bundledDirectory, 'catalog.json'), JSON.stringify({ models })),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

export interface TestServer {
  readonly url: string;
  /** Headers of each request, in order. */
  readonly requests: IncomingMessage['headers'][];
  close(): Promise<void>;
}

/** An http server on the loopback interface; the handler gets the number of the request, from 0. */
export async function serve(
  handle: (request: IncomingMessage, response: ServerResponse, number: number) => void,
): Promise<TestServer> {
  const requests: IncomingMessage['headers'][] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request.headers);
    handle(request, response, requests.length - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.gguf`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers like a file server: ranges, If-Range, ETag. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  options: { readonly etag?: string; readonly upTo?: number } = {},
): void {
  const { etag = '"v1"' } = options;
  const condition = request.headers['if-range'];
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const start = range !== null && (condition === undefined || condition === etag) ? Number(range[1]) : 0;
  const end = Math.min(options.upTo ?? bytes.length, bytes.length);
  response.writeHead(start > 0 ? 206 : 200, {
    etag,
    'content-length': bytes.length - start,
    ...(start > 0 && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.write(bytes.subarray(start, end), () => {
    // Written is not read: a reset that comes too soon takes what was sent along.
    if (end < bytes.length) setTimeout(() => response.destroy(), 50);
    else response.end();
  });
}
