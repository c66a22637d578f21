import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AppError } from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCorpusTexts } from './corpus-repository.js';
import { fetchCorpus, type FetchCorpusOptions } from './fetch-corpus.js';
import { parseManifest, readManifest } from './parse-manifest.js';
import { printRepositories, proveDisjoint } from './prove-disjoint.js';
import { sha256, sourceText, tarGz, temporaryDirectory, writeClient, writeFiles, zip } from './testing.js';

/** Stand-ins that take archives from a folder, as the clients take them from a registry. */
const NPM = 'echo "npm $2" >> "$REGISTRY/calls"\ncp "$REGISTRY/$(echo "$2" | tr / _).tgz" .';
const PYTHON = `echo "$*" >> "$REGISTRY/calls"
name=$(sed 's/==.*//' requirements.txt)
cp "$REGISTRY/$name".* .`;

let directory: string;
let options: FetchCorpusOptions & { cacheDir: string };
beforeEach(() => {
  directory = temporaryDirectory();
  writeClient(join(directory, 'bin'), 'npm', NPM);
  writeClient(join(directory, 'bin'), 'python3', PYTHON);
  writeFiles(directory, { 'registry/calls': '' });
  const path = `${join(directory, 'bin')}${delimiter}${process.env['PATH']}`;
  const env = { ...process.env, PATH: path, REGISTRY: join(directory, 'registry') };
  options = { cacheDir: join(directory, 'cache'), env };
});
afterEach(() => rmSync(directory, { recursive: true }));

const calls = () => readFileSync(join(directory, 'registry/calls'), 'utf8').split('\n').filter(Boolean);
const git = (root: string, ...args: string[]) =>
  spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout.trim();

/** Publishes a package to the stand-in registry. @returns its entry */
function publish(
  name: string,
  split: string,
  files: Record<string, string>,
  changes: Record<string, unknown> = {},
): Record<string, unknown> {
  const [ecosystem, plain = ''] = name.split(':');
  const entries = Object.entries(files).map(([path, text]) => ({ path, text }));
  const inFolder = entries.map(({ path, text }) => ({ path: `package/${path}`, text }));
  const archive = ecosystem === 'npm' || changes['kind'] === 'sdist' ? tarGz(inFolder) : zip(entries);
  const file = ecosystem === 'npm' ? `${plain.replace('/', '_')}@1.0.0.tgz` : `${plain}.whl`;
  writeFiles(directory, { [`registry/${file}`]: archive });
  const languages = ecosystem === 'npm' ? ['javascript'] : ['python'];
  const pin = { version: '1.0.0', sha256: sha256(archive), licence: 'MIT' };
  return { name, split, languages, ...pin, ...changes };
}

const manifestOf = (...repositories: unknown[]) =>
  parseManifest({ name: 'test', repositories }, join(directory, 'test.json'));

describe('fetchCorpus', () => {
  it('makes a git repository of each package, of the files that pass', async () => {
    const files = {
      'src/a.js': sourceText('a'),
      'src/b.js': sourceText('b'),
      'dist/a.js': sourceText('c'),
      'README.md': 'text',
      LICENSE: 'MIT',
      'src/.gitignore': '*',
      'src/.gitattributes': '* filter=evil',
    };
    const manifest = manifestOf(
      publish('npm:@scope/one', 'train', files, { tests: { command: ['npm', 'test'] } }),
      publish('pypi:two', 'benchmark', { 'two/a.py': sourceText('2'), 'two/__init__.py': '' }),
    );
    const progress: string[] = [];
    const [one, two] = await fetchCorpus(manifest, {
      ...options,
      onProgress: ({ phase, done, total }) => progress.push(`${phase} ${done}/${total}`),
    });
    expect(one).toEqual({
      name: 'npm:@scope/one@1.0.0',
      split: 'train',
      root: join(options.cacheDir, 'corpus/test/npm_scope_one@1.0.0'),
      commit: git(one!.root, 'rev-parse', 'HEAD'),
      languages: ['javascript'],
      licence: 'MIT',
      files: ['src/a.js', 'src/b.js'],
      dropped: { vendored: 1, other_language: 3 },
      tests: { command: ['npm', 'test'], install: [] },
    });
    expect(git(one!.root, 'ls-files').split('\n')).toEqual(['LICENSE', 'src/a.js', 'src/b.js']);
    expect(git(one!.root, 'status', '--porcelain')).toBe('');
    expect(git(one!.root, 'log', '--format=%an %ae %at %ct %s')).toBe(
      'Repoformer corpus corpus@localhost 946684800 946684800 npm:@scope/one@1.0.0',
    );
    expect(existsSync(join(one!.root, '.git/hooks'))).toBe(false);
    expect(two).toMatchObject({ files: ['two/a.py'], dropped: {} });
    expect(await readCorpusTexts(two!)).toEqual([{ path: 'two/a.py', text: sourceText('2') }]);
    expect(progress.sort()).toEqual(['build 1/2', 'build 2/2', 'fetch 1/2', 'fetch 2/2']);
    expect(calls().some((call) => call.includes('--require-hashes') && call.includes('--only-binary'))).toBe(
      true,
    );
  });

  it('does nothing the second time, and gives the same', async () => {
    const manifest = manifestOf(publish('npm:one', 'train', { 'a.js': sourceText('a') }));
    const [first] = await fetchCorpus(manifest, options);
    const before = [statSync(first!.root).ino, calls().length];
    const progress: unknown[] = [];
    const [second] = await fetchCorpus(manifest, { ...options, onProgress: (one) => progress.push(one) });
    expect(second).toEqual(first);
    expect([statSync(first!.root).ino, calls().length]).toEqual(before);
    expect(progress).toEqual([]);
  });

  it('gives the same commits on another machine', async () => {
    const manifest = manifestOf(
      publish('npm:one', 'train', { 'a.js': sourceText('a'), 'b/c.js': sourceText('b') }),
    );
    const [here] = await fetchCorpus(manifest, options);
    const [there] = await fetchCorpus(manifest, { ...options, cacheDir: join(directory, 'other') });
    expect(there!.commit).toBe(here!.commit);
  });

  it('makes good what was lost, from the archives it has', async () => {
    const manifest = manifestOf(
      publish('npm:one', 'train', { 'a.js': sourceText('a') }),
      publish('npm:two', 'train', { 'a.js': sourceText('b') }),
    );
    const first = await fetchCorpus(manifest, options);
    const untouched = statSync(first[1]!.root).ino;
    rmSync(first[0]!.root, { recursive: true });
    expect(await fetchCorpus(manifest, options)).toEqual(first);
    expect(existsSync(join(first[0]!.root, 'a.js'))).toBe(true);
    expect(statSync(first[1]!.root).ino).toBe(untouched);
    expect(calls()).toHaveLength(2);

    // A broken archive and lock are no more trusted than missing ones.
    const archives = join(options.cacheDir, 'archives');
    for (const name of readdirSync(archives)) writeFileSync(join(archives, name), 'broken');
    writeFileSync(join(options.cacheDir, 'corpus/test/corpus.json'), '{"schema": 1, "repos');
    expect(await fetchCorpus(manifest, options)).toEqual(first);
    expect(calls()).toHaveLength(4);
  });

  it('leaves nothing half-made behind when it is cancelled, and goes on afterwards', async () => {
    const manifest = manifestOf(
      publish('npm:one', 'train', { 'a.js': sourceText('a') }),
      publish('npm:two', 'train', { 'a.js': sourceText('b') }),
    );
    const controller = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => phase === 'build' && controller.abort();
    const cancelled = fetchCorpus(manifest, { ...options, signal: controller.signal, onProgress });
    await expect(cancelled).rejects.toMatchObject({ kind: 'cancelled' });
    const corpus = join(options.cacheDir, 'corpus/test');
    expect(readdirSync(corpus)).toEqual(['npm_one@1.0.0']);
    // What a killed run would leave.
    writeFiles(corpus, { '.new-x/half.js': 'a', '.new-y.old/a.js': 'a' });
    expect(await fetchCorpus(manifest, options)).toHaveLength(2);
    expect(readdirSync(corpus).sort()).toEqual(['corpus.json', 'npm_one@1.0.0', 'npm_two@1.0.0']);
    expect(calls()).toHaveLength(2);
  });

  it('ends a client that hangs when it is cancelled or out of time', async () => {
    writeClient(join(directory, 'bin'), 'npm', 'touch "$REGISTRY/started"; sleep 600 & wait');
    const manifest = manifestOf(publish('npm:one', 'train', { 'a.js': sourceText('a') }));
    const late = fetchCorpus(manifest, { ...options, timeoutMs: 300 });
    await expect(late).rejects.toMatchObject({ kind: 'deadline_exceeded' });
    rmSync(join(directory, 'registry/started'), { force: true });
    const controller = new AbortController();
    const cancelled = fetchCorpus(manifest, { ...options, signal: controller.signal });
    const failure = expect(cancelled).rejects.toMatchObject({ kind: 'cancelled' });
    while (!existsSync(join(directory, 'registry/started')))
      await new Promise((done) => setTimeout(done, 10));
    controller.abort();
    await failure;
    expect(readdirSync(join(options.cacheDir, 'archives'))).toEqual([]);
  });

  it('says what to do when a client is missing or fails, without addresses', async () => {
    const manifest = manifestOf(publish('npm:one', 'train', { 'a.js': sourceText('a') }));
    const missing = fetchCorpus(manifest, { ...options, env: { PATH: join(directory, 'nothing') } });
    await expect(missing).rejects.toThrow(
      /npm:one@1\.0\.0: it is fetched by npm, which is not on this machine/,
    );
    writeClient(
      join(directory, 'bin'),
      'npm',
      'echo "npm warn config" >&2; echo "npm error 404 https://user:secret@host/one" >&2; exit 1',
    );
    const error = await fetchCorpus(manifest, options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).kind).toBe('unavailable');
    expect((error as AppError).message).toBe(
      "npm:one@1.0.0 was not fetched: npm: npm error 404 <address>; check name, version and this machine's registry settings, and run the command again",
    );
  });

  it('unpacks nothing whose checksum differs', async () => {
    const entry = publish('npm:one', 'train', { 'a.js': sourceText('a') });
    publish('npm:one', 'train', { 'a.js': sourceText('changed') });
    await expect(fetchCorpus(manifestOf(entry), options)).rejects.toMatchObject({
      kind: 'data_loss',
      message: expect.stringMatching(/npm:one@1\.0\.0: .*does not have the checksum/) as string,
    });
    expect(readdirSync(join(options.cacheDir, 'archives'))).toEqual([]);
    expect(readdirSync(join(options.cacheDir, 'corpus/test'))).toEqual([]);
  });

  it('writes nothing outside, whatever the names in an archive', async () => {
    const files = {
      'a.js': sourceText('a'),
      '../../escape.js': sourceText('b'),
      'x/../../../escape.js': sourceText('c'),
      '.git/hooks/post-commit.js': sourceText('d'),
      'clash.js': sourceText('e'),
      'clash.js/inside.js': sourceText('f'),
      'A.js': sourceText('g'),
    };
    const [one] = await fetchCorpus(manifestOf(publish('npm:one', 'train', files)), options);
    expect(one).toMatchObject({ files: ['a.js', 'clash.js/inside.js'], dropped: { unsafe_path: 5 } });
    expect(readdirSync(directory).sort()).toEqual(['bin', 'cache', 'registry']);
    expect(readdirSync(options.cacheDir).sort()).toEqual(['archives', 'corpus']);
  });

  it('says so when nothing of a package can be used', async () => {
    const manifest = manifestOf(publish('npm:one', 'train', { 'dist/a.js': sourceText('a') }));
    await expect(fetchCorpus(manifest, options)).rejects.toThrow(
      /npm:one@1\.0\.0: none of its files can be used \(vendored 1\); check "languages" and "include"/,
    );
  });

  it('refuses a second process for the same corpus', async () => {
    const manifest = manifestOf(publish('npm:one', 'train', { 'a.js': sourceText('a') }));
    writeFiles(options.cacheDir, { 'corpus/test/.lock': String(process.ppid) });
    await expect(fetchCorpus(manifest, options)).rejects.toThrow(/another process builds this corpus/);
  });

  it('drops copies from what learns, for the sake of what evaluates', async () => {
    const shared = sourceText('shared', 30);
    const near = shared.replace(/\w+/, 'renamed');
    const manifest = manifestOf(
      publish('npm:learns', 'train', {
        'own.js': sourceText('own'),
        'exact.js': shared.replaceAll('    ', '\t'),
        'near.js': near,
        'twice.js': sourceText('own'),
        'tuned.js': sourceText('tuned'),
      }),
      publish('npm:tunes', 'calibration', { 'near.js': near, 'own.js': sourceText('tuned') }),
      publish('npm:judges', 'benchmark', { 'a.js': shared, 'b.js': near }),
    );
    const corpus = await fetchCorpus(manifest, options);
    expect(corpus.map(({ files, dropped }) => ({ files, dropped }))).toEqual([
      { files: ['own.js'], dropped: { duplicate: 3, near_duplicate: 1 } },
      { files: ['own.js'], dropped: { near_duplicate: 1 } },
      { files: ['a.js'], dropped: { near_duplicate: 1 } },
    ]);
    expect(existsSync(join(corpus[0]!.root, 'exact.js'))).toBe(false);
    expect(proveDisjoint(await printRepositories(corpus))).toEqual([]);
    const lock = JSON.parse(readFileSync(join(options.cacheDir, 'corpus/test/corpus.json'), 'utf8')) as {
      repositories: { name: string; contentHashes?: string[] }[];
    };
    expect(lock.repositories.map(({ name, contentHashes }) => [name, contentHashes?.length])).toEqual([
      ['npm:judges@1.0.0', 1],
      ['npm:tunes@1.0.0', 1],
      ['npm:learns@1.0.0', undefined],
    ]);
  });

  it('builds only what is asked for, just as it would build it among all', async () => {
    const shared = sourceText('shared', 30);
    const manifest = manifestOf(
      publish('npm:learns', 'train', { 'a.js': sourceText('a'), 'b.js': shared }),
      publish('npm:other', 'train', { 'a.js': sourceText('other') }),
      publish('npm:judges', 'benchmark', { 'a.js': shared }),
    );
    const only = await fetchCorpus(manifest, { ...options, only: ['npm:learns'] });
    expect(only).toMatchObject([{ name: 'npm:learns@1.0.0', files: ['a.js'] }]);
    expect(calls().sort()).toEqual(['npm judges@1.0.0', 'npm learns@1.0.0']);
    const all = await fetchCorpus(manifest, options);
    expect(all[0]).toEqual(only[0]);
    await expect(fetchCorpus(manifest, { ...options, only: ['npm:none'] })).rejects.toThrow(
      'the corpus test has no npm:none; it has npm:learns@1.0.0, npm:other@1.0.0, npm:judges@1.0.0',
    );
  });

  it('takes local repositories as they are, and notices their new commits', async () => {
    const own = join(directory, 'own');
    writeFiles(own, { 'a.py': sourceText('a'), 'copy.py': sourceText('judged') });
    git(own, 'init', '-q');
    const commit = () => {
      git(own, 'add', '.');
      git(own, '-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '-qm', 'x');
    };
    commit();
    const manifest = manifestOf(
      { path: 'own', split: 'train', languages: ['python'] },
      publish('pypi:judges', 'benchmark', { 'a.py': sourceText('judged') }),
    );
    const [first] = await fetchCorpus(manifest, options);
    expect(first).toMatchObject({ name: 'path:own', root: own, files: ['a.py'], dropped: { duplicate: 1 } });
    writeFiles(own, { 'b.py': sourceText('b') });
    expect((await fetchCorpus(manifest, options))[0]).toEqual(first);
    commit();
    expect((await fetchCorpus(manifest, options))[0]).toMatchObject({ files: ['a.py', 'b.py'] });
  });

  const network = process.env['REPOFORMER_NETWORK_TESTS'] === '1';
  const title = 'fetches the tiny corpus from the registries';
  it.skipIf(!network)(
    network ? title : `${title} (skipped: set REPOFORMER_NETWORK_TESTS=1)`,
    async () => {
      const manifest = await readManifest(join(import.meta.dirname, '../../corpora/tiny.json'));
      const corpus = await fetchCorpus(manifest, { cacheDir: options.cacheDir });
      expect(corpus).toHaveLength(6);
      for (const { files } of corpus) expect(files.length).toBeGreaterThanOrEqual(8);
      expect(proveDisjoint(await printRepositories(corpus))).toEqual([]);
    },
    300_000,
  );
});
