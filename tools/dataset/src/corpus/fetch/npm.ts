import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readTarGz } from '../archive/read-tar.js';
import { withoutTopFolder } from '../archive/without-top-folder.js';
import type { EcosystemRow } from './ecosystem.js';
import { fetchFailed, runClient } from './run-client.js';

/** Tarballs as published; their scripts do not run. */
export const npmPackages: EcosystemRow = {
  async fetch(entry, options) {
    const spec = `${entry.packageName}@${entry.version}`;
    const args = ['pack', spec, '--ignore-scripts', '--json', '--loglevel=error', '--pack-destination', '.'];
    const env = { ...options.env, npm_config_update_notifier: 'false', npm_config_workspaces: 'false' };
    await runClient('npm', args, entry, { ...options, env });
    const tarball = (await readdir(options.directory)).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) throw fetchFailed(entry, 'npm brought no tarball');
    return join(options.directory, tarball);
  },
  checksum: (archive) => createHash('sha256').update(archive).digest('hex'),
  read: (archive, limits) => withoutTopFolder(readTarGz(archive, limits)),
};
