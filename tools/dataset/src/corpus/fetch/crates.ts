import { createHash } from 'node:crypto';
import { access, mkdir, readdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readTarGz } from '../archive/read-tar.js';
import { withoutTopFolder } from '../archive/without-top-folder.js';
import type { EcosystemRow } from './ecosystem.js';
import { fetchFailed, runClient } from './run-client.js';

/** Crates as cargo keeps them in its own cache; of what `cargo fetch` brings, only the crate itself is taken. */
export const cratesPackages: EcosystemRow = {
  async fetch(entry, options) {
    const { directory, env } = options;
    const dependency = `{ version = "=${entry.version}", default-features = false }`;
    const manifest = `[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n${JSON.stringify(entry.packageName)} = ${dependency}\n\n[workspace]\n`;
    await mkdir(join(directory, 'src'));
    await writeFile(join(directory, 'src', 'lib.rs'), '');
    await writeFile(join(directory, 'Cargo.toml'), manifest);
    await runClient('cargo', ['fetch', '--quiet'], entry, options);
    const cache = join(env['CARGO_HOME'] ?? join(homedir(), '.cargo'), 'registry', 'cache');
    const name = `${entry.packageName}-${entry.version}.crate`;
    for (const registry of await readdir(cache).catch(() => [])) {
      const path = join(cache, registry, name);
      const isThere = await access(path).then(
        () => true,
        () => false,
      );
      if (isThere) return path;
    }
    throw fetchFailed(entry, 'cargo keeps no archive of it');
  },
  checksum: (archive) => createHash('sha256').update(archive).digest('hex'),
  read: (archive, limits) => withoutTopFolder(readTarGz(archive, limits)),
};
