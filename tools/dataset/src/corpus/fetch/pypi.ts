import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readTarGz } from '../archive/read-tar.js';
import { readZip } from '../archive/read-zip.js';
import { withoutTopFolder } from '../archive/without-top-folder.js';
import type { EcosystemRow } from './ecosystem.js';
import { fetchFailed, runClient } from './run-client.js';

const REQUIREMENTS = 'requirements.txt';

/**
 * Wheels, which run nothing when downloaded, and sdists, whose metadata pip may ask their build backend for: only
 * after the archive has matched the pinned hash.
 */
export const pypiPackages: EcosystemRow = {
  async fetch(entry, options) {
    const requirement = `${entry.packageName}==${entry.version} --hash=sha256:${entry.sha256}\n`;
    await writeFile(join(options.directory, REQUIREMENTS), requirement);
    const args = ['-m', 'pip', 'download', '--quiet', '--no-input', '--disable-pip-version-check'].concat(
      ['--no-deps', '--require-hashes', '--progress-bar', 'off', '--dest', '.', '-r', REQUIREMENTS],
      // Only the source is read: the Python that it runs on does not matter.
      ['--ignore-requires-python', entry.kind === 'sdist' ? '--no-binary' : '--only-binary', ':all:'],
    );
    // Python would import modules that lie where it runs.
    const env = { ...options.env, PYTHONSAFEPATH: '1' };
    await runClient('python3', args, entry, { ...options, env });
    const archive = (await readdir(options.directory)).find((name) => /\.(?:whl|tar\.gz|zip)$/.test(name));
    if (archive === undefined) throw fetchFailed(entry, 'pip brought no archive');
    return join(options.directory, archive);
  },
  checksum: (archive) => createHash('sha256').update(archive).digest('hex'),
  read: (archive, limits, entry) => {
    const isZip = archive.subarray(0, 2).toString('latin1') === 'PK';
    const content = isZip ? readZip(archive, limits) : readTarGz(archive, limits);
    return entry.kind === 'sdist' ? withoutTopFolder(content) : content;
  },
};
