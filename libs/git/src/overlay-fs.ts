import { statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { constants, deflateSync } from 'node:zlib';
import { AppError } from '@repoformer/domain';
import type { ObjectResult, ObjectStore } from './object-store.js';
import { readRegularFile } from './regular-file.js';

/** Commits go through here, and tags. */
const MAX_OBJECT_BYTES = 64 << 20;
const MAX_FILE_BYTES = 64 << 20;
const LOOSE_OBJECT = /^objects\/([0-9a-f]{2})\/([0-9a-f]{38})$/;
/** What a linked worktree has of its own; everything else is shared. */
const PER_WORKTREE =
  /^(?:[A-Z_]*HEAD|index|config\.worktree|logs\/HEAD|refs\/(?:bisect|worktree|rewritten)\/.*)$/;

/**
 * The read-only file system that isomorphic-git is given. Every object, packed or borrowed, appears to be
 * loose, so isomorphic-git never loads a pack; a linked worktree appears to be a whole repository; nothing
 * outside the two directories exists, whatever a reference's name says.
 */
export function createOverlayFs(store: ObjectStore, gitDirectory: string, commonDirectory: string) {
  const locate = (path: string): { inside: string; real: string } | undefined => {
    const full = resolve(path);
    for (const base of [gitDirectory, commonDirectory]) {
      const inside = relative(base, full).split(sep).join('/');
      if (inside === '..' || inside.startsWith('../') || resolve(base, inside) !== full) continue;
      const own = inside === '' || PER_WORKTREE.test(inside);
      return { inside, real: join(base === gitDirectory && !own ? commonDirectory : base, inside) };
    }
    return undefined;
  };

  const readFile = async (path?: string, options?: BufferEncoding | { encoding?: BufferEncoding }) => {
    // isomorphic-git calls without a path to see whether a promise comes back, at every operation.
    if (path === undefined) throw NO_PATH;
    const place = locate(path);
    if (!place) throw absent(path);
    const object = LOOSE_OBJECT.exec(place.inside);
    if (object) return readAsLoose(store, object[1]! + object[2]!);
    const content = readRegularFile(place.real, MAX_FILE_BYTES);
    if (!content) throw absent(path);
    const encoding = typeof options === 'string' ? options : options?.encoding;
    return encoding ? content.toString(encoding) : content;
  };

  /** Synchronous inside: isomorphic-git asks for the git directory at every call, and a thread costs more. */
  const stat = async (path: string) => {
    const place = locate(path);
    const found = place && statSync(place.real, { throwIfNoEntry: false });
    if (!found) throw absent(path);
    return found;
  };

  /** Directories are listed only to find packs, and there are none to be found. */
  const readdir = async (): Promise<string[]> => [];

  const refuse = async (): Promise<never> => {
    throw Object.assign(new Error('EROFS: the repository is only read'), { code: 'EROFS' });
  };

  const promises = {
    readFile,
    readdir,
    stat,
    lstat: stat,
    readlink: refuse,
    writeFile: refuse,
    mkdir: refuse,
    rmdir: refuse,
    unlink: refuse,
    symlink: refuse,
    rm: refuse,
  };
  return { promises };
}

/** A zlib stream of stored blocks: isomorphic-git unpacks it without decompression work. */
async function readAsLoose(store: ObjectStore, oid: string): Promise<Buffer> {
  const object = await store.read(oid, MAX_OBJECT_BYTES);
  if (object.kind === 'missing') throw absent(oid);
  if (object.kind !== 'object') throw unusableObject(oid, object);
  const header = Buffer.from(`${object.type} ${object.data.length}\0`);
  return deflateSync(Buffer.concat([header, object.data]), { level: constants.Z_NO_COMPRESSION });
}

/** The error for an object that a commit or a tree needs. */
export function unusableObject(
  oid: string,
  object: Extract<ObjectResult, { kind: 'corrupt' | 'too_large' }>,
): AppError {
  return object.kind === 'corrupt'
    ? new AppError({
        kind: 'data_loss',
        reason: 'OBJECT_CORRUPT',
        message: `${object.problem}; "git fsck" tells more, a fresh clone repairs it`,
        meta: { oid },
      })
    : new AppError({
        kind: 'failed_precondition',
        reason: 'REPOSITORY_UNREADABLE',
        message: `object ${oid} has ${object.sizeBytes} bytes; a commit or tree of that size is not read`,
        meta: { oid },
      });
}

/** Made once: capturing a stack is what costs. */
const NO_PATH = absent('');

function absent(path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
}
