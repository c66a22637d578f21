import { createHash } from 'node:crypto';
import { closeSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';
import { objectDirectories } from './alternates.js';
import { ByteLru } from './byte-lru.js';
import { applyDelta, readDeltaSizes } from './delta.js';
import { FilePool } from './file-pool.js';
import { inflateExactly, inflateStart, maxDeflatedBytes, PEEK_INPUT_BYTES } from './inflate.js';
import { CorruptObject, ObjectTooLarge } from './object-errors.js';
import { Pack, type PackEntry } from './pack.js';
import { openRegularFile, readAt, unreadable } from './regular-file.js';
import { TimeSlice } from './time-slice.js';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export type ObjectResult =
  | { readonly kind: 'object'; readonly type: ObjectType; readonly data: Buffer }
  | { readonly kind: 'missing' }
  /** `sizeBytes`: of the object, or of the delta base that would have to be inflated for it. */
  | { readonly kind: 'too_large'; readonly sizeBytes: number }
  | { readonly kind: 'corrupt'; readonly problem: string };

interface Inflated {
  readonly type: ObjectType;
  readonly data: Buffer;
}

const MAX_OPEN_FILES = 32;
const CACHE_BYTES = 32 << 20;
/** A delta's base may be larger than its result; beyond this, reading it is refused. */
const MAX_BASE_BYTES = 256 << 20;
/** Git knows the tree of no files without having it stored. */
const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
/** Git itself writes chains of at most 4095. */
const MAX_CHAIN = 10_000;
/** All bytes made while resolving one chain: what a hostile pack can cost at most. */
const MAX_CHAIN_BYTES = 4 * 2 ** 30;
/** Bytes hashed before the event loop may get a turn. */
const HASH_STEP_BYTES = 4 << 20;
/** A directory changed this recently may change again within the same timestamp. */
const RACY_MS = 2000;

/**
 * The object database of a repository: loose objects, packs and alternates, without loading a pack. Reads
 * give up the thread about every 10 ms; every object returned has the SHA-1 it was asked for.
 */
export class ObjectStore {
  private readonly files = new FilePool(MAX_OPEN_FILES);
  private readonly bases = new ByteLru<Inflated>(CACHE_BYTES);
  private directories: readonly string[] = [];
  private packs = new Map<string, Pack>();
  private scanned = '';
  private nextPackId = 0;
  private closed = false;

  /** @param objects the repository's `objects` directory. */
  constructor(
    private readonly objects: string,
    private readonly slice = new TimeSlice(),
  ) {
    this.scan();
  }

  /**
   * Reads an object of at most `maxBytes`; a larger one is not inflated.
   * @param oid 40 lower-case hex digits.
   * @throws AppError REPOSITORY_UNREADABLE when the operating system refuses.
   */
  async read(oid: string, maxBytes: number): Promise<ObjectResult> {
    this.assertOpen();
    try {
      const result = await this.readRetrying(oid, maxBytes);
      this.assertOpen();
      return result;
    } catch (error) {
      throw error instanceof AppError ? error : unreadable(this.objects, error);
    }
  }

  private async readRetrying(oid: string, maxBytes: number): Promise<ObjectResult> {
    if (oid === EMPTY_TREE) return { kind: 'object', type: 'tree', data: Buffer.alloc(0) };
    const result = await this.readOnce(oid, maxBytes);
    if (this.closed || result.kind === 'object' || result.kind === 'too_large') return result;
    // Another process may have repacked: what was loose is packed now, what was in one pack is in another.
    return this.scan(result.kind === 'corrupt') ? await this.readOnce(oid, maxBytes) : result;
  }

  private assertOpen(): void {
    if (!this.closed) return;
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'REPOSITORY_UNREADABLE',
      message: 'the repository has been closed: open it again',
    });
  }

  /** Open file descriptors at this moment. */
  get openFiles(): number {
    return this.files.size;
  }

  close(): void {
    this.closed = true;
    this.files.close();
    this.bases.clear();
    this.packs.clear();
    this.directories = [];
  }

  /** As git does, a damaged copy of an object does not hide a sound one elsewhere. */
  private async readOnce(oid: string, maxBytes: number): Promise<ObjectResult> {
    let problem: string | undefined;
    for (const read of this.copies(oid, maxBytes)) {
      try {
        await this.slice.pause();
        const object = await read();
        if (!object) continue;
        if ((await this.oidOf(object)) === oid) return { kind: 'object', ...object };
        problem = 'its content does not match its name';
      } catch (error) {
        if (error instanceof ObjectTooLarge) return { kind: 'too_large', sizeBytes: error.sizeBytes };
        if (!(error instanceof CorruptObject)) throw error;
        problem = error.message;
      }
    }
    return problem === undefined
      ? { kind: 'missing' }
      : { kind: 'corrupt', problem: `object ${oid}: ${problem}` };
  }

  private *copies(oid: string, maxBytes: number): Generator<() => Promise<Inflated | undefined>> {
    const name = Buffer.from(oid, 'hex');
    for (const pack of this.packs.values()) {
      yield async () => {
        const offset = pack.index.offsetOf(name);
        return offset === undefined ? undefined : this.readPacked(pack, offset, maxBytes);
      };
    }
    for (const directory of this.directories) yield () => readLoose(directory, oid, maxBytes);
  }

  /** Walks down to the first base that is whole or cached, then applies the deltas upwards: no recursion. */
  private async readPacked(first: Pack, firstOffset: number, maxBytes: number): Promise<Inflated> {
    const deltas: { pack: Pack; offset: number; entry: PackEntry }[] = [];
    const limitOf = (): number => (deltas.length === 0 ? maxBytes : Math.max(maxBytes, MAX_BASE_BYTES));
    const seen = new Set<string>();
    let pack = first;
    let offset = firstOffset;
    let object: Inflated;
    let cached: Inflated | undefined;
    let key: string | undefined;
    for (;;) {
      key = `${pack.id}:${offset}`;
      if (seen.has(key) || deltas.length > MAX_CHAIN) throw new CorruptObject('its delta chain does not end');
      seen.add(key);
      cached = this.bases.get(key);
      if (cached) {
        object = cached;
        checkSize(object.data.length, limitOf());
        break;
      }
      const entry = pack.entryAt(offset);
      checkSize(entry.sizeBytes, entry.type ? limitOf() : Math.max(maxBytes, MAX_BASE_BYTES));
      if (entry.type) {
        object = { type: entry.type, data: await pack.inflate(entry) };
        break;
      }
      if (deltas.length === 0) checkSize(readDeltaSizes(pack.inflateStart(entry)).resultBytes, maxBytes);
      deltas.push({ pack, offset, entry });
      if (entry.baseOffset !== undefined) {
        offset = entry.baseOffset;
        continue;
      }
      const base = await this.findBase(pack, entry.baseOid!);
      if ('data' in base) {
        object = base;
        key = undefined;
        break;
      }
      ({ pack, offset } = base);
    }
    let spentBytes = 0;
    for (let i = deltas.length - 1; i >= 0; i--) {
      const delta = deltas[i]!;
      // Only bases are cached: they are never handed out, so no caller can change them.
      if (key !== undefined) this.bases.set(key, object, object.data.length);
      await this.slice.pause();
      const instructions = await delta.pack.inflate(delta.entry);
      const { resultBytes } = readDeltaSizes(instructions);
      checkSize(resultBytes, i === 0 ? maxBytes : Math.max(maxBytes, MAX_BASE_BYTES));
      spentBytes += resultBytes;
      checkSize(spentBytes, MAX_CHAIN_BYTES);
      object = { type: object.type, data: applyDelta(object.data, instructions) };
      key = `${delta.pack.id}:${delta.offset}`;
    }
    // A cached base that was itself asked for is copied, for the same reason.
    return object === cached ? { type: object.type, data: Buffer.from(object.data) } : object;
  }

  private async findBase(pack: Pack, oid: Buffer): Promise<{ pack: Pack; offset: number } | Inflated> {
    for (const candidate of [pack, ...this.packs.values()]) {
      const offset = candidate.index.offsetOf(oid);
      if (offset !== undefined) return { pack: candidate, offset };
    }
    const hex = oid.toString('hex');
    for (const directory of this.directories) {
      const object = await readLoose(directory, hex, MAX_BASE_BYTES);
      if (object) return object;
    }
    throw new CorruptObject('the base of its delta is missing');
  }

  private async oidOf({ type, data }: Inflated): Promise<string> {
    const hash = createHash('sha1').update(`${type} ${data.length}\0`);
    for (let at = 0; at < data.length; at += HASH_STEP_BYTES) {
      if (at > 0) await this.slice.pause();
      hash.update(data.subarray(at, at + HASH_STEP_BYTES));
    }
    return hash.digest('hex');
  }

  /** Looks for new and vanished packs and alternates; returns whether anything may have changed. */
  private scan(force = false): boolean {
    const directories = objectDirectories(this.objects);
    const times = directories.map((directory) => modifiedMs(join(directory, 'pack')));
    const state = JSON.stringify([directories, times]);
    const settled = times.every((time) => Date.now() - time > RACY_MS);
    if (!force && settled && state === this.scanned) return false;
    this.scanned = state;
    this.directories = directories;
    const packs = new Map<string, Pack>();
    for (const directory of directories) {
      for (const path of indexFiles(join(directory, 'pack'))) {
        const pack = this.openPack(path);
        if (pack) packs.set(path, pack);
      }
    }
    for (const [path, pack] of this.packs) if (packs.get(path) !== pack) pack.close();
    this.packs = packs;
    return true;
  }

  private openPack(path: string): Pack | undefined {
    try {
      const stat = statSync(path);
      if (!stat.isFile()) return undefined;
      const fingerprint = `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
      const known = this.packs.get(path);
      if (known?.fingerprint === fingerprint) return known;
      known?.close();
      return new Pack(this.nextPackId++, path, this.files, stat.size, fingerprint);
    } catch (error) {
      if (error instanceof AppError) throw error;
      // Vanished meanwhile, or damaged: the objects in it count as missing, as they do for git.
      return undefined;
    }
  }
}

function checkSize(sizeBytes: number, maxBytes: number): void {
  if (sizeBytes > maxBytes) throw new ObjectTooLarge(sizeBytes);
}

async function readLoose(directory: string, oid: string, maxBytes: number): Promise<Inflated | undefined> {
  const file = openRegularFile(`${directory}/${oid.slice(0, 2)}/${oid.slice(2)}`);
  if (!file) return undefined;
  let compressed: Buffer;
  let text: string;
  let type: ObjectType;
  let sizeBytes: number;
  try {
    const start = inflateStart(readAt(file.fd, 0, Math.min(PEEK_INPUT_BYTES, file.sizeBytes)));
    const header = /^(commit|tree|blob|tag) (\d{1,15})\0/.exec(start.toString('latin1', 0, 32));
    if (!header) throw new CorruptObject('its header is damaged');
    text = header[0];
    type = header[1] as ObjectType;
    sizeBytes = Number(header[2]);
    checkSize(sizeBytes, maxBytes);
    if (file.sizeBytes > maxDeflatedBytes(text.length + sizeBytes))
      throw new CorruptObject('its file is too long');
    compressed = readAt(file.fd, 0, file.sizeBytes);
  } finally {
    closeSync(file.fd);
  }
  const whole = await inflateExactly(compressed, text.length + sizeBytes);
  if (!whole) throw new CorruptObject('its compressed data is truncated');
  return { type, data: whole.subarray(text.length) };
}

function indexFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.idx'))
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function modifiedMs(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
