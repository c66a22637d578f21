import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { AppError } from '@repoformer/domain';
import { SPLITS } from '../record.js';
import { EntryFields, manifestError } from './manifest-fields.js';
import {
  CORPUS_LANGUAGES,
  ECOSYSTEMS,
  type CorpusEntry,
  type CorpusManifest,
  type PackageEntry,
  type TestCommand,
} from './manifest.js';
import { projectNames, sameProject } from './project-names.js';

/** Licences that allow to train on, and to show parts of, what they cover. */
const PERMISSIVE = new Set([
  ...['MIT', 'MIT-0', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'ISC', 'Unlicense', 'CC0-1.0'],
  ...['Zlib', 'PSF-2.0', 'Python-2.0', 'BSL-1.0', 'BlueOak-1.0.0'],
]);

const MANIFEST_FIELDS = ['name', 'note', 'never', 'repositories'];
const ENTRY_FIELDS = ['name', 'version', 'sha256', 'kind', 'licence', 'languages', 'split'].concat(
  ...['include', 'keep', 'note', 'tests', 'path'],
);

const NAME_PATTERNS: Record<(typeof ECOSYSTEMS)[number], RegExp> = {
  npm: /^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/,
  pypi: /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i,
  crates: /^[a-z][a-z0-9_-]*$/i,
  go: /^[a-z0-9][a-z0-9.-]*\.[a-z]+(?:\/[\w.~-]+)+$/i,
  maven: /^[a-z][\w.-]*:[a-z][\w.-]*$/i,
};
/** Versions name one release: no ranges, tags or options. */
const VERSION = /^v?\d[\w.+!-]*$/;

/**
 * Reads a corpus manifest; see `corpora/README.md` for the format. Relative `path` entries are resolved against
 * the manifest's folder.
 *
 * @throws AppError invalid_argument/CONFIG_INVALID naming the file and the field; not_found when there is no file
 */
export async function readManifest(path: string): Promise<CorpusManifest> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new AppError({
      kind: isMissing ? 'not_found' : 'invalid_argument',
      reason: 'CONFIG_INVALID',
      message: `${path}: ${isMissing ? 'no such file; name the manifest of a corpus' : 'it cannot be read'}`,
      meta: { file: path },
      cause,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // The parser's message would quote the file.
    throw manifestError(path, '', 'it is not JSON', cause);
  }
  return parseManifest(value, path);
}

/** Checks a manifest's value. `file` is named in errors, and relative paths are below its folder. */
export function parseManifest(value: unknown, file: string): CorpusManifest {
  const top = new EntryFields(file, '', value, MANIFEST_FIELDS);
  const name = top.optional('name')?.text(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower-case letters, digits, dashes');
  const never = top.optional('never')?.texts() ?? [];
  const rows = top.required('repositories').array();
  if (rows.length === 0) throw manifestError(file, 'repositories', 'name at least one repository');
  const entries = rows.map((row, at) => parseEntry(file, `repositories[${at}]`, row));
  checkNames(file, entries, never);
  return {
    name: name ?? safeManifestName(file),
    entries,
  };
}

function safeManifestName(file: string): string {
  const plain = basename(file)
    .replace(/\.json$/i, '')
    .toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'corpus';
}

function parseEntry(file: string, at: string, row: unknown): CorpusEntry {
  const fields = new EntryFields(file, at, row, ENTRY_FIELDS);
  const split = fields.required('split').oneOf(SPLITS);
  const note = fields.optional('note')?.text();
  const tests = fields.optional('tests');
  const base = {
    split,
    languages: fields.required('languages').listOf(CORPUS_LANGUAGES),
    ...(note !== undefined && { note }),
    ...(tests && { tests: parseTests(file, tests.at, tests.value) }),
  };
  const path = fields.optional('path')?.text();
  if (path !== undefined) {
    fields.refuse(['version', 'sha256', 'kind', 'include', 'keep'], 'a local repository is taken as it is');
    const absolute = resolve(dirname(resolve(file)), path);
    const name = fields.optional('name')?.text() ?? basename(absolute);
    const licence = fields.optional('licence')?.text() ?? 'NOASSERTION';
    return { source: 'path', name: `path:${name.replace(/^path:/, '')}`, path: absolute, licence, ...base };
  }
  return { ...parsePackage(fields), ...base };
}

function parsePackage(fields: EntryFields): Omit<PackageEntry, 'split' | 'languages'> {
  const name = fields.required('name');
  const [, prefix = '', packageName = ''] = /^([a-z]+):(.+)$/s.exec(name.text()) ?? [];
  const ecosystem = ECOSYSTEMS.find((one) => one === prefix);
  if (!ecosystem || !NAME_PATTERNS[ecosystem].test(packageName)) {
    throw name.error(`write one of ${ECOSYSTEMS.map((one) => `${one}:NAME`).join(', ')}`);
  }
  const version = fields.required('version').text(VERSION, 'one exact version, such as 1.2.3');
  const sha256 =
    ecosystem === 'go'
      ? fields.required('sha256').text(/^h1:[A-Za-z0-9+/]{43}=$/, "the module's h1: sum")
      : fields.required('sha256').text(/^[0-9a-f]{64}$/, '64 lower-case hex digits');
  const licence = fields.required('licence');
  const alternatives = licence.text().split(/ (?:OR|AND) /);
  if (!alternatives.every((one) => PERMISSIVE.has(one))) {
    throw licence.error(`only permissive licences: ${[...PERMISSIVE].join(', ')}`);
  }
  const kind = fields.optional('kind');
  if (kind && ecosystem !== 'pypi') throw kind.error('only packages of pypi come as wheel or sdist');
  return {
    source: 'package',
    name: `${ecosystem}:${packageName}@${version}`,
    ecosystem,
    packageName,
    version,
    sha256,
    licence: licence.text(),
    kind: kind?.oneOf(['wheel', 'sdist'] as const) ?? 'wheel',
    include: fields.optional('include')?.paths() ?? [],
    keep: fields.optional('keep')?.paths() ?? [],
  };
}

function parseTests(file: string, at: string, value: unknown): TestCommand {
  const fields = new EntryFields(file, at, value, ['command', 'install', 'note']);
  const note = fields.optional('note')?.text();
  return {
    command: fields.required('command').texts(),
    install: fields.optional('install')?.texts() ?? [],
    ...(note !== undefined && { note }),
  };
}

/** One project serves one split, whatever it is called in which registry; and none of the excluded ones. */
function checkNames(file: string, entries: readonly CorpusEntry[], never: readonly string[]): void {
  const excluded = never.map((name) => [name, projectNames(name)] as const);
  entries.forEach((entry, at) => {
    const names = projectNames(entry.name);
    for (const [name, project] of excluded) {
      if (sameProject(names, project)) {
        throw manifestError(file, `repositories[${at}].name`, `${name} is in "never": take another package`);
      }
    }
    entries.slice(0, at).forEach((other, otherAt) => {
      if (entry.name === other.name) {
        throw manifestError(file, `repositories[${at}].name`, `it is repositories[${otherAt}] already`);
      }
      if (entry.split !== other.split && sameProject(names, projectNames(other.name))) {
        const where = `repositories[${otherAt}] (${other.name}, ${other.split})`;
        throw manifestError(
          file,
          `repositories[${at}].name`,
          `the same project as ${where}, in another split`,
        );
      }
    });
  });
}
