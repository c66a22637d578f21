import { createHash } from 'node:crypto';
import { DEFAULT_ARCHIVE_LIMITS } from '../archive/archive.js';
import { readZip } from '../archive/read-zip.js';
import type { EcosystemRow } from './ecosystem.js';
import { fetchFailed, runClient } from './run-client.js';

/** For the checksum, every file counts, whatever its size. */
const HASH_LIMITS = { ...DEFAULT_ARCHIVE_LIMITS, maxFileBytes: DEFAULT_ARCHIVE_LIMITS.maxTotalBytes };

/** Modules as Go keeps them in its module cache. Their pin is Go's own `h1:` sum, computed here again. */
export const goModules: EcosystemRow = {
  async fetch(entry, options) {
    const spec = `${entry.packageName}@${entry.version}`;
    // The pin stands in for the checksum database, which many machines cannot reach.
    const env = { ...options.env, GOFLAGS: '-mod=mod', GOSUMDB: 'off', GOWORK: 'off', GO111MODULE: 'on' };
    const { stdout } = await runClient('go', ['mod', 'download', '-json', spec], entry, { ...options, env });
    let path: unknown;
    try {
      path = (JSON.parse(stdout.toString('utf8')) as { Zip?: unknown }).Zip;
    } catch (cause) {
      throw fetchFailed(entry, 'go gave no answer that can be read', cause);
    }
    if (typeof path !== 'string' || path === '') throw fetchFailed(entry, 'go named no archive');
    return path;
  },
  checksum: hashModule,
  read: (archive, limits, entry) => {
    const top = `${entry.packageName}@${entry.version}/`;
    const content = readZip(archive, limits);
    const files = content.files.filter(({ path }) => path.startsWith(top));
    return { ...content, files: files.map(({ path, bytes }) => ({ path: path.slice(top.length), bytes })) };
  },
};

/** Go's `dirhash.Hash1` of a module's zip: the sum of the sorted sums of its files. */
function hashModule(archive: Buffer): string {
  const { files } = readZip(archive, HASH_LIMITS);
  const sum = (data: string | Uint8Array) => createHash('sha256').update(data);
  const sorted = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const lines = sorted.map(({ path, bytes }) => `${sum(bytes).digest('hex')}  ${path}\n`);
  return `h1:${sum(lines.join('')).digest('base64')}`;
}
