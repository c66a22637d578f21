import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_ARCHIVE_LIMITS } from '../archive/archive.js';
import type { PackageEntry } from '../manifest.js';
import { parseManifest } from '../parse-manifest.js';
import { sha256, tarGz, temporaryDirectory, writeClient, writeFiles, zip } from '../testing.js';
import { ECOSYSTEM_TABLE } from './ecosystem-table.js';
import { fetchArchive, type FetchArchiveOptions } from './fetch-archive.js';

let directory: string;
let options: FetchArchiveOptions;
beforeEach(() => {
  directory = temporaryDirectory();
  mkdirSync(join(directory, 'staging'));
  const path = `${join(directory, 'bin')}${delimiter}${process.env['PATH']}`;
  options = {
    directory: join(directory, 'archives'),
    staging: join(directory, 'staging'),
    timeoutMs: 30_000,
    env: { ...process.env, PATH: path, REGISTRY: directory, CARGO_HOME: join(directory, 'cargo') },
  };
});
afterEach(() => rmSync(directory, { recursive: true }));

function entryOf(fields: Record<string, unknown>): PackageEntry {
  const row = { licence: 'MIT', split: 'train', languages: ['go'], ...fields };
  return parseManifest({ repositories: [row] }, 'm.json').entries[0] as PackageEntry;
}

const pathsOf = (entry: PackageEntry, archive: Buffer) =>
  ECOSYSTEM_TABLE[entry.ecosystem].read(archive, DEFAULT_ARCHIVE_LIMITS, entry).files.map(({ path }) => path);

describe('Go modules', () => {
  const top = 'github.com/own/module@v1.2.0';
  const files = { 'b.go': 'package b\n', 'a/a.go': 'package a\n', 'a-b.go': 'package c\n' };
  const module = zip(Object.entries(files).map(([path, text]) => ({ path: `${top}/${path}`, text })));

  /** Go's definition, by other means: sum of the lines that sha256sum prints, sorted by name. */
  function naiveSum(): string {
    const lines = Object.entries(files).map(([path, text]) => {
      const { stdout } = spawnSync('sha256sum', { input: text, encoding: 'utf8' });
      return { name: `${top}/${path}`, hash: stdout.slice(0, 64) };
    });
    lines.sort((a, b) => (a.name < b.name ? -1 : 1));
    const text = lines.map(({ name, hash }) => `${hash}  ${name}\n`).join('');
    return `h1:${Buffer.from(sha256(Buffer.from(text)), 'hex').toString('base64')}`;
  }

  it('come by `go mod download` and are checked by their h1 sum', async () => {
    writeFileSync(join(directory, 'module.zip'), module);
    const answer = JSON.stringify({ Zip: join(directory, 'module.zip'), Sum: 'h1:unused' });
    writeClient(join(directory, 'bin'), 'go', `[ "$*" = "mod download -json ${top}" ] && echo '${answer}'`);
    const entry = entryOf({ name: 'go:github.com/own/module', version: 'v1.2.0', sha256: naiveSum() });
    const archive = await fetchArchive(entry, options);
    expect(pathsOf(entry, archive)).toEqual(['b.go', 'a/a.go', 'a-b.go']);
    const other = entryOf({
      name: 'go:github.com/own/module',
      version: 'v1.2.0',
      sha256: `h1:${'A'.repeat(43)}=`,
    });
    rmSync(options.directory, { recursive: true });
    await expect(fetchArchive(other, options)).rejects.toMatchObject({ kind: 'data_loss' });
  });

  it('say so when go answers nothing that can be read', async () => {
    writeClient(join(directory, 'bin'), 'go', 'echo "{"');
    const entry = entryOf({ name: 'go:github.com/own/module', version: 'v1.2.0', sha256: naiveSum() });
    await expect(fetchArchive(entry, options)).rejects.toThrow(/go gave no answer that can be read/);
  });
});

describe('crates', () => {
  it('come by `cargo fetch`: only the crate itself is taken from its cache', async () => {
    const crate = tarGz([{ path: 'own-1.0.0/src/lib.rs', text: 'fn own() {}\n' }]);
    writeFiles(directory, { 'own.crate': crate });
    writeClient(
      join(directory, 'bin'),
      'cargo',
      `cp Cargo.toml "$REGISTRY/Cargo.toml"
for name in own-1.0.0 dependency-2.0.0; do
  mkdir -p "$CARGO_HOME/registry/cache/mirror" && cp "$REGISTRY/own.crate" "$CARGO_HOME/registry/cache/mirror/$name.crate"
done`,
    );
    const pin = { version: '1.0.0', sha256: sha256(crate) };
    const entry = entryOf({ name: 'crates:own', languages: ['rust'], ...pin });
    expect(pathsOf(entry, await fetchArchive(entry, options))).toEqual(['src/lib.rs']);
    const manifest = readFileSync(join(directory, 'Cargo.toml'), 'utf8');
    expect(manifest).toContain('"own" = { version = "=1.0.0", default-features = false }');
    expect(readdirSync(options.directory)).toEqual(['crates_own@1.0.0.archive']);
  });

  it('say so when cargo keeps no archive', async () => {
    writeClient(join(directory, 'bin'), 'cargo', 'true');
    const entry = entryOf({ name: 'crates:own', version: '1.0.0', sha256: 'a'.repeat(64) });
    await expect(fetchArchive(entry, options)).rejects.toThrow(/cargo keeps no archive of it/);
  });
});

describe('Maven artefacts', () => {
  it('come by mvn as the jar of their sources', async () => {
    const jar = zip([
      { path: 'META-INF/LICENSE', text: 'MIT' },
      { path: 'org/own/Own.java', text: 'class Own {}\n' },
    ]);
    writeFiles(directory, { 'own.jar': jar });
    writeClient(
      join(directory, 'bin'),
      'mvn',
      'echo "$*" > "$REGISTRY/call"; cp "$REGISTRY/own.jar" own-1.0.0-sources.jar',
    );
    const pin = { version: '1.0.0', sha256: sha256(jar), languages: ['java'] };
    const entry = entryOf({ name: 'maven:org.own:own', ...pin });
    expect(pathsOf(entry, await fetchArchive(entry, options))).toEqual([
      'META-INF/LICENSE',
      'org/own/Own.java',
    ]);
    expect(readFileSync(join(directory, 'call'), 'utf8')).toMatch(
      /:copy -Dartifact=org\.own:own:1\.0\.0:jar:sources -DoutputDirectory=\.\n$/,
    );
  });

  it('say so when there is no jar of sources', async () => {
    writeClient(join(directory, 'bin'), 'mvn', 'true');
    const entry = entryOf({ name: 'maven:org.own:own', version: '1.0.0', sha256: 'a'.repeat(64) });
    await expect(fetchArchive(entry, options)).rejects.toThrow(/Maven brought no jar of sources/);
  });
});

describe('sdists', () => {
  it('come by pip, which is told the hash before it may build anything', async () => {
    const sdist = tarGz([{ path: 'own-1.0.0/own/a.py', text: 'a = 1\n' }]);
    writeFiles(directory, { 'own-1.0.0.tar.gz': sdist });
    writeClient(
      join(directory, 'bin'),
      'python3',
      'echo "$*" > "$REGISTRY/call"; cp requirements.txt "$REGISTRY"; cp "$REGISTRY/own-1.0.0.tar.gz" .',
    );
    const pin = { version: '1.0.0', sha256: sha256(sdist), kind: 'sdist', languages: ['python'] };
    const entry = entryOf({ name: 'pypi:own', ...pin });
    expect(pathsOf(entry, await fetchArchive(entry, options))).toEqual(['own/a.py']);
    const requirements = readFileSync(join(directory, 'requirements.txt'), 'utf8');
    expect(requirements).toBe(`own==1.0.0 --hash=sha256:${sha256(sdist)}\n`);
    const call = readFileSync(join(directory, 'call'), 'utf8');
    expect(call).toMatch(/^-m pip download .*--no-deps --require-hashes .*--no-binary :all:\n$/);
    expect(readdirSync(options.staging)).toEqual([]);
  });
});
