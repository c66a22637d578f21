import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, realpathSync, statSync, type BigIntStats, type Dirent } from 'node:fs';
import { join } from 'node:path';
import {
  AppError,
  throwIfAborted,
  type WorkingEntry,
  type WorkingTreeOptions,
  type WorkingTreeScan,
} from '@repoformer/domain';
import { parseGitIndex, type IndexedFile } from './git-index.js';
import { CorruptObject } from './object-errors.js';
import { isAbsent, readRegularFile, readTextFile } from './regular-file.js';
import { countsFilesLeftOut } from './sparse-checkout.js';
import type { TimeSlice } from './time-slice.js';
import { isSafeName } from './tree.js';

const MAX_INDEX_BYTES = 512 << 20;
const MAX_IGNORE_BYTES = 1 << 20;
/** A file changed this recently may change again within the same timestamp. */
const RACY_NS = 2_000_000_000n;

/** What a file held when it was read, and by what it is recognised. */
interface Known {
  readonly fingerprint: string;
  readonly oid: string;
}

/** Git's index, and how it is to be read. */
interface Index {
  readonly files: ReadonlyMap<string, IndexedFile>;
  readonly timeNs: bigint;
  readonly countsFilesLeftOut: boolean;
}

/** One repository's working tree, looked at again and again. */
export class WorkingTree {
  private known = new Map<string, Known>();
  /** Where contents that may not be in the object store are. */
  private pathsByOid = new Map<string, string>();
  private index: ReadonlyMap<string, IndexedFile> = new Map();
  /** When git wrote its index: a file of that time may have changed since without looking so. */
  private indexTimeNs = 0n;
  private indexFingerprint = '';

  constructor(
    private readonly root: string,
    private readonly gitDirectory: string,
    private readonly commonDirectory: string,
    private readonly slice: TimeSlice,
  ) {}

  /** See `RepositoryReader.scanWorkingTree`. */
  async scan(options: WorkingTreeOptions): Promise<WorkingTreeScan> {
    this.readIndex();
    const index: Index = {
      files: this.index,
      timeNs: this.indexTimeNs,
      countsFilesLeftOut: countsFilesLeftOut(this.gitDirectory, this.commonDirectory),
    };
    const scan = new Scan(options, this.root, this.slice, index, this.known);
    const exclude = readTextFile(join(this.commonDirectory, 'info', 'exclude'), MAX_IGNORE_BYTES);
    if (exclude !== undefined) options.rules.add('', exclude);
    await scan.walk();
    this.known = scan.seen;
    this.pathsByOid = new Map([...scan.seen].map(([path, { oid }]) => [oid, path]));
    return { files: scan.files, deleted: scan.deleted() };
  }

  /** The content of a file that a look has found to make this blob; undefined when it is not there any more. */
  read(oid: string, maxBytes: number): Buffer | undefined {
    const path = this.pathsByOid.get(oid);
    if (path === undefined) return undefined;
    const data = readFileInside(this.root, path, maxBytes);
    return data && oidOf(data) === oid ? data : undefined;
  }

  /** Without an index that can be read every file is read, once. */
  private readIndex(): void {
    const path = join(this.gitDirectory, 'index');
    try {
      const stat = statSync(path, { bigint: true });
      const fingerprint = fingerprintOf(stat);
      if (fingerprint === this.indexFingerprint) return;
      const data = readRegularFile(path, MAX_INDEX_BYTES);
      this.index = (data && parseGitIndex(data)) ?? new Map();
      this.indexTimeNs = stat.mtimeNs;
      this.indexFingerprint = fingerprint;
    } catch (error) {
      if (!isAbsent(error) && !(error instanceof CorruptObject)) throw error;
      this.index = new Map();
      this.indexFingerprint = '';
    }
  }
}

/** One walk through a working tree. */
class Scan {
  readonly files = new Map<string, WorkingEntry>();
  readonly seen = new Map<string, Known>();
  /** Where a file is left out, and something that is no file has been put. */
  private readonly replaced = new Set<string>();
  /** Folders that tracked files are in: git looks into those even where they are ignored. */
  private readonly trackedFolders = new Set<string>();
  private readBytes = 0;
  private readonly nowNs = BigInt(Date.now()) * 1_000_000n;

  constructor(
    private readonly options: WorkingTreeOptions,
    private readonly root: string,
    private readonly slice: TimeSlice,
    private readonly index: Index,
    private readonly known: ReadonlyMap<string, Known>,
  ) {
    for (const key of index.files.keys()) {
      for (let slash = key.lastIndexOf('/'); slash > 0; slash = key.lastIndexOf('/', slash - 1)) {
        const folder = key.slice(0, slash + 1);
        if (this.trackedFolders.has(folder)) break;
        this.trackedFolders.add(folder);
      }
    }
  }

  async walk(): Promise<void> {
    // A folder that is ignored is walked for the tracked files in it alone.
    const folders: { path: string; isIgnored: boolean }[] = [{ path: '', isIgnored: false }];
    for (let folder = folders.pop(); folder; folder = folders.pop()) {
      await this.pause();
      const entries = list(join(this.root, folder.path));
      // Another repository, unless files in it are tracked here.
      const isOther = folder.path !== '' && entries.some(({ name }) => name === '.git');
      if (isOther && !this.trackedFolders.has(bytesOf(folder.path))) continue;
      if (entries.some(({ name }) => name === '.gitignore')) {
        const text = readFileInside(this.root, `${folder.path}.gitignore`, MAX_IGNORE_BYTES);
        if (text) this.options.rules.add(folder.path, text.toString('utf8'));
      }
      for (const entry of entries) {
        if (!isSafeName(entry.name)) continue;
        const path = folder.path + entry.name;
        const indexed = this.index.files.get(bytesOf(path));
        if (indexed?.isLeftOut && !entry.isFile()) this.replaced.add(path);
        if (entry.isDirectory()) {
          // Git looks into the folder of a submodule neither, whatever is in it.
          if (indexed?.kind === 'submodule') continue;
          const isIgnored = folder.isIgnored || this.options.rules.isIgnored(`${path}/`);
          if (!isIgnored || this.trackedFolders.has(`${bytesOf(path)}/`))
            folders.push({ path: `${path}/`, isIgnored });
        } else if (entry.isFile()) {
          await this.pause();
          const isIgnored = !indexed && (folder.isIgnored || this.options.rules.isIgnored(path));
          if (!isIgnored) this.look(path, indexed?.kind === 'file' ? indexed : undefined);
        }
      }
    }
  }

  deleted(): Set<string> {
    const deleted = new Set<string>();
    for (const [bytes, { kind, isCheckedOut }] of this.index.files) {
      const path = textOf(bytes);
      const isLookedFor = isCheckedOut || (this.index.countsFilesLeftOut && this.replaced.has(path));
      // What has a name that is never looked at is not missed either.
      const isSeen = path.split('/').every(isSafeName);
      if (kind === 'file' && isLookedFor && isSeen && !this.files.has(path)) deleted.add(path);
    }
    return deleted;
  }

  private look(path: string, indexed: IndexedFile | undefined): void {
    const { maxPaths, maxFileBytes, maxReadBytes } = this.options;
    if (this.files.size >= maxPaths) {
      throw new AppError({
        kind: 'resource_exhausted',
        reason: 'REPOSITORY_UNREADABLE',
        message: `${this.root} has more than ${maxPaths} files that are not ignored: list in .gitignore what is no source`,
        meta: { root: this.root },
      });
    }
    const stat = lookAt(join(this.root, path));
    if (!stat?.isFile()) return;
    if (indexed && this.isUnchanged(indexed, stat)) {
      this.files.set(path, { oid: indexed.oid });
      return;
    }
    const known = this.known.get(path);
    const fingerprint = fingerprintOf(stat);
    if (known?.fingerprint === fingerprint) {
      this.seen.set(path, known);
      this.files.set(path, { oid: known.oid });
      return;
    }
    if (stat.size > BigInt(maxFileBytes)) {
      this.files.set(path, { skip: 'too_large' });
      return;
    }
    if (this.readBytes >= maxReadBytes) {
      // The next look goes on from here; until then it is what it was.
      if (known) this.seen.set(path, known);
      if (known ?? indexed) this.files.set(path, { oid: (known ?? indexed)!.oid });
      return;
    }
    const data = readFileInside(this.root, path, maxFileBytes);
    if (!data) {
      this.files.set(path, { skip: 'unreadable' });
      return;
    }
    this.readBytes += data.length;
    const oid = indexed && isSameText(data, indexed.oid) ? indexed.oid : oidOf(data);
    const isRacy = this.nowNs - stat.ctimeNs < RACY_NS;
    this.seen.set(path, { fingerprint: isRacy ? '' : fingerprint, oid });
    this.files.set(path, { oid });
  }

  /** As git judges it, by size and time of change, unless the file is as young as the index. */
  private isUnchanged(indexed: IndexedFile, stat: BigIntStats): boolean {
    const isLookedAt = indexed.isCheckedOut || (indexed.isLeftOut && this.index.countsFilesLeftOut);
    if (!isLookedAt) return true;
    const seconds = stat.mtimeNs / 1_000_000_000n;
    const nanoseconds = stat.mtimeNs % 1_000_000_000n;
    return (
      !indexed.isUnsettled &&
      indexed.sizeBytes === Number(BigInt.asUintN(32, stat.size)) &&
      indexed.modifiedSeconds === Number(BigInt.asUintN(32, seconds)) &&
      (indexed.modifiedNanoseconds === 0 || indexed.modifiedNanoseconds === Number(nanoseconds)) &&
      stat.mtimeNs < this.index.timeNs
    );
  }

  private async pause(): Promise<void> {
    if (!this.slice.isOver) return;
    await this.slice.pause();
    throwIfAborted(this.options.signal);
  }
}

const bytesOf = (path: string): string => Buffer.from(path, 'utf8').toString('latin1');
const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

function fingerprintOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function oidOf(data: Buffer): string {
  return createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');
}

/** Whether a file differs from a blob in its line ends alone, as git converts them on some systems. */
function isSameText(data: Buffer, oid: string): boolean {
  if (!data.includes('\r\n')) return false;
  return oidOf(Buffer.from(data.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')) === oid;
}

function lookAt(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** What is in a folder; nothing where it is gone or may not be read. */
function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** The content of a regular file, unless the way to it leads through a link. */
function readFileInside(root: string, path: string, maxBytes: number): Buffer | undefined {
  const place = join(root, path);
  try {
    // By the time it is read a folder may have become a link.
    if (realpathSync(place) !== place) return undefined;
    return readRegularFile(place, maxBytes);
  } catch {
    return undefined;
  }
}
