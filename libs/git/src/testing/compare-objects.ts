import { join } from 'node:path';
import * as git from 'isomorphic-git';
import { createOverlayFs } from '../overlay-fs.js';
import { ObjectStore } from '../object-store.js';

/** Runs git in a repository; its output as bytes. */
export type RunGit = (args: readonly string[], input?: string) => Buffer;

const MAX_BYTES = 1 << 26;

/**
 * Compares every object that git knows of with what our store reads and with what isomorphic-git reads on our file
 * system.
 *
 * @returns how many objects were compared
 * @throws Error naming the first object that differs
 */
export async function compareObjects(runGit: RunGit): Promise<number> {
  const [gitDirectory, commonDirectory] = runGit([
    ...['rev-parse', '--path-format=absolute', '--absolute-git-dir', '--git-common-dir'],
  ])
    .toString()
    .split('\n') as [string, string];
  const store = new ObjectStore(join(commonDirectory, 'objects'));
  try {
    const fs = createOverlayFs(store, gitDirectory, commonDirectory);
    const cache = {};
    let compared = 0;
    for (const [oid, { type, data }] of objectsOf(runGit)) {
      const ours = await store.read(oid, MAX_BYTES);
      if (ours.kind !== 'object') throw new Error(`${oid}: ${JSON.stringify(ours)}`);
      const theirs = await git.readObject({ fs, gitdir: gitDirectory, oid, format: 'content', cache });
      for (const [who, readType, bytes] of [
        ['the store', ours.type, ours.data],
        ['isomorphic-git', theirs.type, Buffer.from(theirs.object as Uint8Array)],
      ] as const) {
        if (readType !== type || !bytes.equals(data)) throw new Error(`${oid}: ${who} reads another object`);
      }
      compared++;
    }
    store.close();
    if (store.openFiles > 0) throw new Error('files are left open');
    return compared;
  } finally {
    store.close();
  }
}

/** Every object, reachable or not, as git itself reads it. */
function objectsOf(runGit: RunGit): Map<string, { readonly type: string; readonly data: Buffer }> {
  const listing = runGit(['cat-file', '--batch-all-objects', '--batch-check=%(objectname)']).toString();
  const all = runGit(['cat-file', '--batch', '--buffer'], listing);
  const objects = new Map<string, { readonly type: string; readonly data: Buffer }>();
  for (let at = 0; at < all.length;) {
    const lineEnd = all.indexOf(10, at);
    const [oid, type, size] = all.toString('latin1', at, lineEnd).split(' ') as [string, string, string];
    const end = lineEnd + 1 + Number(size);
    objects.set(oid, { type, data: all.subarray(lineEnd + 1, end) });
    at = end + 1;
  }
  return objects;
}
