import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runCommand } from '@repoformer/dataset';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareTestEnvironment, type EnvironmentOptions } from './test-environment.js';

let base: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-environment-'));
  env = { ...process.env, PATH: [join(base, 'bin'), process.env['PATH']].join(delimiter) };
  await mkdir(join(base, 'bin'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** Puts a stand-in for a package client on the path; it writes down how it was called. */
async function client(name: string, script: string): Promise<void> {
  await writeFile(join(base, 'bin', name), `#!/bin/sh\necho "$*" >>"${join(base, 'calls')}"\n${script}\n`);
  await chmod(join(base, 'bin', name), 0o755);
}
const calls = async () =>
  (await readFile(join(base, 'calls'), 'utf8').catch(() => '')).split('\n').slice(0, -1);
const NPM = `mkdir -p node_modules/.bin node_modules/tool node_modules/@scope/part
echo '#!/bin/sh
echo ran "$@"' >node_modules/.bin/tool
chmod +x node_modules/.bin/tool
[ -f package-lock.json ] || echo '{"lockfileVersion":3}' >package-lock.json`;

const javascript = {
  name: 'npm:pkg@1.0.0',
  languages: ['typescript' as const],
  tests: { command: ['npx', 'tool', 'run'], install: ['tool@1'] },
};
const prepare = (repository = javascript, options: Partial<EnvironmentOptions> = {}) =>
  prepareTestEnvironment(repository, {
    cacheDirectory: join(base, 'cache'),
    labelsDirectory: join(base, 'labels'),
    env,
    ...options,
  });

describe('prepareTestEnvironment', () => {
  it('installs once, runs no script of a package, and writes down what came of it', async () => {
    await client('npm', NPM);
    const first = await prepare();
    expect(await prepare()).toEqual(first);
    const [install, ...others] = await calls();
    expect(install).toMatch(/^install .*--ignore-scripts.* -- tool@1$/);
    expect(others).toEqual([]);
    const lock = await readFile(join(base, 'labels/tests/npm_pkg@1.0.0.lock'), 'utf8');
    expect(JSON.parse(lock)).toEqual({
      'package.json': { private: true },
      'package-lock.json': { lockfileVersion: 3 },
    });
  });

  it('installs exactly that again elsewhere', async () => {
    await client('npm', NPM);
    await prepare();
    await prepare(javascript, { cacheDirectory: join(base, 'another') });
    expect((await calls())[1]).toMatch(/^ci .*--ignore-scripts/);
  });

  it('gives the tests what was installed, in their own folder', async () => {
    await client('npm', NPM);
    const { command } = await prepare();
    const folder = join(base, 'copy');
    await mkdir(folder);
    const [file, ...args] = [...command.slice(0, -3), './node_modules/.bin/tool', 'now'];
    const { code, stdout } = await runCommand(file!, args, { cwd: folder, env, timeoutMs: 10_000 });
    expect({ code, said: stdout.toString() }).toEqual({ code: 0, said: 'ran now\n' });
    expect((await readdir(join(folder, 'node_modules'))).sort()).toEqual(['.bin', '@scope', 'tool']);
  });

  it('leaves nothing half installed behind: the next call begins anew', async () => {
    await client('npm', 'mkdir -p node_modules/half; echo no such package >&2; exit 1');
    await expect(prepare()).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/^npm:pkg@1\.0\.0: .*no such package/s),
    });
    await client('npm', NPM);
    const { command } = await prepare();
    const modules = command.find((part) => part.endsWith('node_modules'))!;
    expect((await readdir(modules)).sort()).toEqual(['.bin', '@scope', 'tool']);
  });

  it('needs nothing for tests that need nothing', async () => {
    const plain = { ...javascript, tests: { command: ['node', '--test'], install: [] } };
    expect(await prepare(plain)).toEqual({ command: ['node', '--test'], env: {} });
    expect(await calls()).toEqual([]);
  });

  it('takes wheels alone for Python, in an environment of its own that the tests find first', async () => {
    await client(
      'python3',
      `[ "$1" = --version ] && echo Python 3.99.0
[ "$2" = venv ] || exit 0
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho "$*" >>"${join(base, 'calls')}"\\n[ "$3" = freeze ] && echo pytest==8.0.0\\nexit 0\\n' >"$3/bin/python"
chmod +x "$3/bin/python"`,
    );
    const python = {
      name: 'pypi:pkg@1',
      languages: ['python' as const],
      tests: { command: ['python3', '-m', 'pytest'], install: ['pytest>=8'] },
    };
    const found = await prepareTestEnvironment(python, {
      cacheDirectory: join(base, 'cache'),
      labelsDirectory: join(base, 'labels'),
      env,
    });
    const install = (await calls()).find((call) => call.includes('pip install'))!;
    expect(install).toContain('--only-binary :all:');
    expect(found.command).toEqual(python.tests.command);
    const [own] = found.env['PATH']!.split(delimiter);
    expect(own).toBe(join(found.env['VIRTUAL_ENV']!, 'bin'));
    expect(await readFile(join(base, 'labels/tests/pypi_pkg@1.lock'), 'utf8')).toBe('pytest==8.0.0\n');
  });

  it('refuses languages for which nothing installs, and a client that is not there', async () => {
    const go = { ...javascript, languages: ['go' as never] };
    await expect(prepare(go)).rejects.toThrow(/take "install" out/);
    const alone = { ...env, PATH: join(base, 'bin') };
    await expect(prepare(javascript, { env: alone })).rejects.toThrow(/npm is not on this machine/);
  });

  it('stops when it is told to', async () => {
    await expect(prepare(javascript, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'cancelled',
    });
  });
});
