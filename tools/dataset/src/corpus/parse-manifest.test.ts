import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseManifest, readManifest } from './parse-manifest.js';
import { temporaryDirectory } from './testing.js';

/** Names of one project in the same or another registry. */
const SAME_PROJECT = [
  ['npm:markdown-it', 'pypi:markdown-it-py'],
  ['npm:one', 'npm:one'],
  ['npm:one', 'crates:one'],
  ['maven:org.apache.one:one', 'pypi:one'],
  ['maven:org.one:one-java', 'crates:one-rs'],
  ['npm:luxon', 'npm:@types/luxon'],
  ['npm:yaml.js', 'pypi:pyyaml'],
  ['pypi:python-pptx', 'npm:pptx'],
  ['pypi:a_b.c', 'pypi:A-B-C'],
] as const;

const corpora = join(import.meta.dirname, '../../corpora');
const entry = (changes: Record<string, unknown> = {}) => ({
  name: 'npm:one',
  version: '1.2.3',
  sha256: 'a'.repeat(64),
  licence: 'MIT',
  languages: ['javascript'],
  split: 'train',
  ...changes,
});
const without = (field: string) => {
  const { [field as 'name']: _, ...rest } = entry();
  return rest;
};
const parse = (...repositories: unknown[]) => parseManifest({ repositories }, '/corpora/mine.json');

describe('parseManifest', () => {
  it('reads a package with its defaults', () => {
    expect(parse(entry({ include: ['src/'] }))).toEqual({
      name: 'mine',
      entries: [
        {
          source: 'package',
          name: 'npm:one@1.2.3',
          ecosystem: 'npm',
          packageName: 'one',
          version: '1.2.3',
          sha256: 'a'.repeat(64),
          licence: 'MIT',
          languages: ['javascript'],
          split: 'train',
          kind: 'wheel',
          include: ['src'],
          keep: [],
        },
      ],
    });
  });

  it('reads every ecosystem', () => {
    const go = { name: 'go:github.com/a/b', version: 'v1.0.0', sha256: `h1:${'A'.repeat(43)}=` };
    const { entries } = parse(
      entry({ name: 'npm:@scope/pkg' }),
      entry({ name: 'pypi:Two', kind: 'sdist', tests: { command: ['pytest'] } }),
      entry({ name: 'crates:three' }),
      entry(go),
      entry({ name: 'maven:org.own:four-core', version: '1.2.3.Final' }),
    );
    expect(entries.map(({ name }) => name)).toEqual([
      'npm:@scope/pkg@1.2.3',
      'pypi:Two@1.2.3',
      'crates:three@1.2.3',
      'go:github.com/a/b@v1.0.0',
      'maven:org.own:four-core@1.2.3.Final',
    ]);
    expect(entries[4]).toMatchObject({ ecosystem: 'maven', packageName: 'org.own:four-core' });
    expect(entries[1]).toMatchObject({ kind: 'sdist', tests: { command: ['pytest'], install: [] } });
  });

  it('resolves local repositories against the folder of the manifest', () => {
    const { entries } = parse({ path: '../own', split: 'benchmark', languages: ['python'] });
    expect(entries).toMatchObject([
      { source: 'path', name: 'path:own', path: '/own', licence: 'NOASSERTION' },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', 3, /repositories\[0\]: must be a JSON object/],
    ['a missing name', without('name'), /repositories\[0\]\.name: is missing/],
    ['a missing version', without('version'), /\.version: is missing/],
    ['a missing checksum', without('sha256'), /\.sha256: is missing/],
    ['a missing licence', without('licence'), /\.licence: is missing/],
    ['a misspelt field', entry({ licnece: 'MIT' }), /\.licnece: unknown field; known are name, /],
    ['a range', entry({ version: '^1.2.3' }), /\.version: must be one exact version/],
    ['a tag', entry({ version: 'latest' }), /\.version: must be one exact version/],
    ['an option as version', entry({ version: '--foo' }), /\.version: must be/],
    ['a short checksum', entry({ sha256: 'abc' }), /\.sha256: must be 64 lower-case hex digits/],
    ['another registry', entry({ name: 'gems:rake' }), /\.name: write one of npm:NAME/],
    ['no registry', entry({ name: 'one' }), /\.name: write one of/],
    ['an option as name', entry({ name: 'npm:--registry' }), /\.name: write one of/],
    ['an artefact without its group', entry({ name: 'maven:four' }), /\.name: write one of/],
    ['an option as artefact', entry({ name: 'maven:org.own:-Dx' }), /\.name: write one of/],
    ['a path as name', entry({ name: 'npm:../../x' }), /\.name: write one of/],
    ['a copyleft licence', entry({ licence: 'GPL-3.0-only' }), /\.licence: only permissive licences/],
    ['half a licence', entry({ licence: 'MIT AND LGPL-2.1' }), /\.licence: only permissive/],
    ['an unknown split', entry({ split: 'test' }), /\.split: must be one of train, calibration, benchmark/],
    ['an unknown language', entry({ languages: ['cobol'] }), /\.languages\[0\]: must be one of python/],
    ['no language', entry({ languages: [] }), /\.languages: must name at least one/],
    ['a folder outside', entry({ include: ['../src'] }), /\.include\[0\]: must be a path inside/],
    ['a kind of npm', entry({ kind: 'sdist' }), /\.kind: only packages of pypi/],
    ['an empty command', entry({ tests: { command: 'pytest' } }), /\.tests\.command: must be a list/],
    ['a pinned folder', { path: 'x', version: '1', split: 'train', languages: ['go'] }, /\.version: a local/],
  ])('refuses %s', (_name, value, message) => {
    expect(() => parse(value)).toThrow(message);
    try {
      parse(value);
    } catch (error) {
      expect(error).toMatchObject({ reason: 'CONFIG_INVALID', meta: { file: '/corpora/mine.json' } });
      expect((error as Error).message).toMatch(/^\/corpora\/mine\.json, repositories\[0\]/);
    }
  });

  it('refuses one project in two splits, under whatever name', () => {
    const other = { split: 'benchmark', version: '2.0.0' };
    for (const [one, two] of SAME_PROJECT) {
      expect(() => parse(entry({ name: one }), entry({ name: two, ...other })), `${one} ${two}`).toThrow(
        /repositories\[1\]\.name: the same project as repositories\[0\] \(.*, train\), in another split/,
      );
    }
    expect(
      parse(entry({ name: 'npm:@a/core' }), entry({ name: 'npm:@b/core', ...other })).entries,
    ).toHaveLength(2);
  });

  it('refuses the same entry twice, and what is never to be used', () => {
    expect(() => parse(entry(), entry())).toThrow(/repositories\[1\]\.name: it is repositories\[0\] already/);
    const value = { never: ['django'], repositories: [entry({ name: 'pypi:Django' })] };
    expect(() => parseManifest(value, 'x.json')).toThrow(/django is in "never"/);
  });
});

describe('readManifest', () => {
  let directory: string;
  beforeEach(() => (directory = temporaryDirectory()));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('says which file is missing, is a folder, or is not JSON', async () => {
    const path = join(directory, 'm.json');
    await expect(readManifest(path)).rejects.toThrow(`${path}: no such file`);
    writeFileSync(path, '{"secret": ');
    const error: unknown = await readManifest(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).message).toBe(`${path}: it is not JSON`);
    mkdirSync(join(directory, 'd.json'));
    await expect(readManifest(join(directory, 'd.json'))).rejects.toThrow('it cannot be read');
  });

  it('accepts every manifest of this folder, with enough in each split', async () => {
    const names = readdirSync(corpora).filter((name) => name.endsWith('.json'));
    expect(names).toEqual(expect.arrayContaining(['standard.json', 'tiny.json']));
    for (const name of names) {
      const { entries } = await readManifest(join(corpora, name));
      for (const split of ['train', 'calibration', 'benchmark']) {
        expect(entries.some((one) => one.split === split)).toBe(true);
      }
    }
    const { entries } = await readManifest(join(corpora, 'standard.json'));
    const training = (await readManifest(join(corpora, 'training.json'))).entries;
    const count = (split: string, language: RegExp, of = entries) =>
      of.filter((one) => one.split === split && language.test(one.languages.join())).length;
    expect(count('train', /python/)).toBeGreaterThanOrEqual(17);
    expect(count('train', /script/)).toBeGreaterThanOrEqual(17);
    expect(count('calibration', /python/)).toBeGreaterThanOrEqual(4);
    expect(count('calibration', /script/)).toBeGreaterThanOrEqual(4);
    expect(count('benchmark', /python/)).toBeGreaterThanOrEqual(5);
    expect(count('benchmark', /script/)).toBeGreaterThanOrEqual(5);
    // What is judged on standard.json is judged apart from what is learnt from training.json.
    expect(training).toEqual(expect.arrayContaining([...entries]));
    for (const language of [/go/, /rust/, /^java$/]) {
      expect(count('train', language, training)).toBeGreaterThanOrEqual(20);
      expect(count('calibration', language, training)).toBeGreaterThanOrEqual(2);
      expect(count('benchmark', language, training)).toBeGreaterThanOrEqual(3);
    }
    // Policies are learnt from packages that models do not know, and judged by the standing benchmark.
    const policy = (await readManifest(join(corpora, 'policy.json'))).entries;
    const of = (split: string, from: typeof entries) => from.filter((one) => one.split === split);
    expect(of('calibration', policy)).toEqual(of('calibration', training));
    expect(of('benchmark', policy)).toEqual(of('benchmark', entries));
    const learnt = new Set(training.map(({ name }) => name));
    expect(of('train', policy).filter(({ name }) => learnt.has(name))).toEqual([]);
  });
});
