import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundledModelsDirectory } from './bundled-models.js';
import { CATALOG_SCHEMA } from './catalog-schema.js';
import type { ModelEntry } from './catalog-entry.js';
import { digestFile } from './file-digest.js';
import { readGgufHeader } from './gguf/gguf-header.js';
import { parseCatalog } from './parse-catalog.js';
import { entryFor } from './testing.js';

const directory = bundledModelsDirectory();
const bundled = async () =>
  parseCatalog(await readFile(join(directory, 'catalog.json'), 'utf8'), 'catalog.json');
const entry = entryFor(Buffer.from('model'), []);
const parse = (...models: unknown[]) => parseCatalog(JSON.stringify({ models }), 'c.json');

describe('the catalogue that comes with the program', () => {
  it('is valid, has one default that can be downloaded, and one embedded model', async () => {
    const entries = await bundled();
    expect(entries.filter((one) => one.default)).toHaveLength(1);
    expect(entries.find((one) => one.default)?.sources.length).toBeGreaterThan(0);
    expect(entries.some((one) => one.embedded)).toBe(true);
  });

  it('names the embedded models and adapters that lie beside it, each with a card', async () => {
    const entries = await bundled();
    const files = [...entries.filter((one) => one.embedded), ...entries.flatMap((one) => one.adapters)];
    expect(files.length).toBeGreaterThanOrEqual(2);
    for (const { file, sizeBytes, sha256 } of files) {
      const path = join(directory, file);
      expect((await readGgufHeader(path)).sizeBytes).toBe(sizeBytes);
      expect(await digestFile(path)).toBe(sha256);
      expect((await stat(path.replace(/\.gguf$/, '.card.md'))).size).toBeGreaterThan(500);
    }
  });

  it('gives the architecture that each file itself states', async () => {
    for (const one of (await bundled()).filter(({ embedded }) => embedded)) {
      const header = await readGgufHeader(join(directory, one.file));
      expect(header.architecture).toBe(one.architecture);
      expect(header.contextTokens).toBeGreaterThanOrEqual(one.contextTokens);
    }
  });

  it('has a schema beside it that is the one the program checks with', async () => {
    const text = await readFile(join(directory, 'catalog.schema.json'), 'utf8');
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(CATALOG_SCHEMA)));
  });
});

describe('parseCatalog', () => {
  const withSource = (source: unknown) => ({ ...entry, sources: [source] });
  const part = { package: 'part-1', version: '1.0', sizeBytes: entry.sizeBytes, sha256: entry.sha256 };

  it('takes a full entry', () => {
    const full: ModelEntry = {
      ...entry,
      family: 'qwen2.5-coder',
      policy: { name: 'similarity', threshold: 0.4 },
      sources: [
        { kind: 'url', url: 'https://example.org/a.gguf' },
        { kind: 'wheels', parts: [part] },
      ],
      adapters: [{ file: 'a.gguf', sha256: entry.sha256, sizeBytes: 3, licence: 'MIT', scale: 0.5 }],
      embedded: false,
    };
    expect(parse(full)).toEqual([full]);
  });

  it.each([
    ['no JSON', undefined, /not JSON/],
    ['a missing field', { ...entry, licence: undefined }, /models\[0\]: lacks "licence"/],
    ['a field that is not known', { ...entry, license: 'MIT' }, /models\[0\]: does not know "license"/],
    ['a prototype property', JSON.parse('{"__proto__": 1}') as unknown, /lacks "name"/],
    ['a path as file', { ...entry, file: '../x.gguf' }, /models\[0\]\.file: does not match/],
    ['a hidden file', { ...entry, file: '.x.gguf' }, /models\[0\]\.file/],
    ['an upper-case checksum', { ...entry, sha256: entry.sha256.toUpperCase() }, /models\[0\]\.sha256/],
    ['half a byte', { ...entry, sizeBytes: 1.5 }, /sizeBytes: must be an integer/],
    ['no bytes', { ...entry, sizeBytes: 0 }, /sizeBytes: must be at least 1/],
    ['an unknown role', { ...entry, roles: ['chat'] }, /roles\[0\]: must be one of generator/],
    ['a role twice', { ...entry, roles: ['policy', 'policy'] }, /roles: names something twice/],
    ['no role', { ...entry, roles: [] }, /roles: needs at least 1/],
    ['an unknown source', withSource({ kind: 'ftp' }), /sources\[0\]: "kind" must be one of url, wheels/],
    ['plain http', withSource({ kind: 'url', url: 'http://example.org/a' }), /sources\[0\]\.url/],
    [
      'a host that only begins like this one',
      withSource({ kind: 'url', url: 'http://localhost.org/a' }),
      /url/,
    ],
    [
      'an option as package',
      withSource({ kind: 'wheels', parts: [{ ...part, package: '--index-url=x' }] }),
      /parts\[0\]\.package/,
    ],
    [
      'wheels of another size',
      withSource({ kind: 'wheels', parts: [part, part] }),
      /its wheels hold 10 bytes, the file 5/,
    ],
    ['a reserved name', { ...entry, name: 'default' }, /"default" is reserved/],
    ['a name like a file', { ...entry, name: 'a.gguf' }, /must not look like a file/],
    ['null', null, /models\[0\]: must be an object/],
  ])('refuses %s', (_what, model, message) => {
    const attempt = () => (model === undefined ? parseCatalog('{', 'c.json') : parse(model));
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ reason: 'CONFIG_INVALID' }));
  });

  it('refuses two models of one name, file or both default', () => {
    const other = { ...entry, name: 'other', file: 'other.gguf', default: false };
    expect(() => parse(entry, { ...other, name: entry.name })).toThrow(/two models have the name/);
    expect(() => parse(entry, { ...other, file: 'SMALL.gguf' })).toThrow(/two models have the file/);
    expect(() => parse(entry, { ...other, default: true })).toThrow(/two models are the default/);
    expect(parse(entry, other)).toHaveLength(2);
  });
});
