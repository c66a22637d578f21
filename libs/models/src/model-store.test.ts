import { randomBytes } from 'node:crypto';
import { fork } from 'node:child_process';
import { link, lstat, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelEntry } from './catalog-entry.js';
import { ModelStore } from './model-store.js';
import { partPath } from './partial-file.js';
import { tunedPolicyPath } from './policy-location.js';
import type { DownloadSettings } from './pull-model.js';
import { resolveModel } from './resolve-model.js';
import {
  createSandbox,
  entryFor,
  ggufBytes,
  sendFile,
  serve,
  sha256Of,
  type Sandbox,
  type TestServer,
} from './testing.js';

let sandbox: Sandbox;
let servers: TestServer[];
beforeEach(async () => {
  sandbox = await createSandbox();
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await sandbox.remove();
});

const quick: DownloadSettings = { connectTimeoutMs: 2000, stallTimeoutMs: 100, backoffMs: 1, env: {} };
const serving = async (...args: Parameters<typeof serve>) => {
  const server = await serve(...args);
  servers.push(server);
  return server;
};
const openStore = async (entries: readonly ModelEntry[], download = quick) => {
  await sandbox.writeCatalog(entries);
  const { modelsDirectory, bundledDirectory } = sandbox;
  return ModelStore.open({ modelsDirectory, bundledDirectory, download });
};
const bytes = ggufBytes(300_000, { 'general.architecture': 'llama', 'llama.context_length': 4096 });
const wrong = ggufBytes(300_000);
const url = (server: TestServer) => ({ kind: 'url' as const, url: server.url });
const file = () => join(sandbox.modelsDirectory, 'small.gguf');
/** What lies in the models directory but records of verification. */
const lying = async () =>
  (await readdir(sandbox.modelsDirectory)).filter((name) => name !== '.verified').sort();

describe('pull', () => {
  it('downloads, reports progress, and leaves nothing but the file', async () => {
    const server = await serving((request, response) => sendFile(request, response, bytes));
    const store = await openStore([entryFor(bytes, [url(server)])]);
    const phases = new Set<string>();
    let last = 0;
    const location = await store.pull('default', {
      onProgress: (progress) => {
        phases.add(progress.phase);
        last = progress.doneBytes;
        expect(progress.totalBytes).toBe(bytes.length);
        expect(progress.source).toBe('127.0.0.1');
      },
    });
    expect(location).toMatchObject({ state: 'present', path: file(), bundled: false, partialBytes: 0 });
    expect((await readFile(file())).equals(bytes)).toBe(true);
    expect([...phases]).toEqual(['downloading', 'verifying']);
    expect(last).toBe(bytes.length);
    expect(await lying()).toEqual(['small.gguf']);
    await store.pull('small');
    expect(server.requests).toHaveLength(1);
  });

  it.skipIf(process.platform === 'win32')('makes the folders it needs for this user only', async () => {
    const server = await serving((request, response) => sendFile(request, response, bytes));
    await sandbox.writeCatalog([entryFor(bytes, [url(server)])]);
    const data = join(sandbox.modelsDirectory, 'data');
    const modelsDirectory = join(data, 'models');
    const { bundledDirectory } = sandbox;
    const store = await ModelStore.open({ modelsDirectory, bundledDirectory });
    await store.pull('small');
    for (const folder of [data, modelsDirectory]) expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('resumes after each broken connection, on the condition that the file is the same', async () => {
    const server = await serving((request, response, number) =>
      sendFile(request, response, bytes, { upTo: (number + 1) * 70_000 }),
    );
    const store = await openStore([entryFor(bytes, [url(server)])]);
    expect((await store.pull('small')).state).toBe('present');
    expect(server.requests.length).toBeGreaterThan(3);
    expect(server.requests[0]?.range).toBeUndefined();
    expect(server.requests[1]?.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(server.requests[1]?.['if-range']).toBe('"v1"');
  });

  it('starts over when the file changed between two attempts', async () => {
    const server = await serving((request, response, number) =>
      number === 0
        ? sendFile(request, response, wrong, { etag: '"old"', upTo: 100_000 })
        : sendFile(request, response, bytes, { etag: '"new"' }),
    );
    const store = await openStore([entryFor(bytes, [url(server)])]);
    expect((await store.pull('small')).state).toBe('present');
    expect(server.requests).toHaveLength(2);
  });

  it('starts over when what an earlier attempt left was wrong', async () => {
    const server = await serving((request, response) => sendFile(request, response, bytes));
    const store = await openStore([entryFor(bytes, [url(server)])]);
    await mkdir(sandbox.modelsDirectory, { recursive: true });
    for (const left of [randomBytes(1000), randomBytes(300_000), randomBytes(300_001), Buffer.alloc(0)]) {
      await writeFile(partPath(file()), left);
      expect((await store.pull('small')).state).toBe('present');
      await rm(file());
    }
  });

  it('resumes where servers ignore ranges or answer with wrong ones', async () => {
    const server = await serving((request, response, number) => {
      if (number === 0) return sendFile(request, response, bytes, { upTo: 100_000 });
      if (number === 1) {
        response.writeHead(206, { 'content-range': `bytes 5-299999/300000` });
        return response.end(bytes.subarray(5));
      }
      response.writeHead(200, { 'content-length': bytes.length });
      return response.end(bytes);
    });
    const store = await openStore([entryFor(bytes, [url(server)])]);
    expect((await store.pull('small')).state).toBe('present');
    expect(server.requests).toHaveLength(3);
  });

  it('gives a stalled connection up and goes on', async () => {
    const server = await serving((request, response, number) => {
      if (number > 0) return sendFile(request, response, bytes);
      response.writeHead(200, { 'content-length': bytes.length, etag: '"v1"' });
      return response.write(bytes.subarray(0, 50_000));
    });
    const store = await openStore([entryFor(bytes, [url(server)])]);
    expect((await store.pull('small')).state).toBe('present');
    expect(server.requests[1]?.range).toBe('bytes=50000-');
  });

  it('gives up a server that never sends anything, and says so', async () => {
    const server = await serving((_request, response) => response.writeHead(200).flushHeaders());
    const silent = await serving(() => undefined);
    const store = await openStore([entryFor(bytes, [url(server), url(silent)])], {
      ...quick,
      connectTimeoutMs: 150,
    });
    const attempt = store.pull('small');
    await expect(attempt).rejects.toMatchObject({ kind: 'unavailable', reason: 'MODEL_DOWNLOAD_FAILED' });
    await expect(attempt).rejects.toThrow(/nothing came for 0.1 s; .*no answer within 0.15 s/);
    expect(await lying()).toEqual(['small.gguf.part']);
  });

  it('never keeps a file with another checksum, and tries the next source', async () => {
    const bad = await serving((request, response) => sendFile(request, response, wrong));
    const good = await serving((request, response) => sendFile(request, response, bytes));
    const store = await openStore([entryFor(bytes, [url(bad)])]);
    await expect(store.pull('small')).rejects.toMatchObject({
      kind: 'data_loss',
      reason: 'MODEL_CHECKSUM_MISMATCH',
    });
    expect(await lying()).toEqual(['small.gguf.part']);
    expect((await stat(partPath(file()))).size).toBe(0);
    const both = await openStore([entryFor(bytes, [url(bad), url(good)])]);
    expect((await both.pull('small')).state).toBe('present');
  });

  it('refuses a file of another size without reading it', async () => {
    for (const headers of [{ 'content-length': 400_000 }, { 'content-length': 10 }]) {
      const server = await serving((_request, response) => response.writeHead(200, headers).flushHeaders());
      const store = await openStore([entryFor(bytes, [url(server)])]);
      await expect(store.pull('small')).rejects.toThrow(/it offers \d+ bytes instead of 300000/);
      expect(server.requests).toHaveLength(1);
    }
  });

  it('never writes more than the size of the catalogue', async () => {
    const server = await serving((_request, response) => {
      response.writeHead(200);
      const flood = () => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536), () => setImmediate(flood));
      };
      flood();
    });
    const store = await openStore([entryFor(bytes, [url(server)])]);
    await expect(store.pull('small')).rejects.toThrow(/sends more than 300000 bytes/);
    expect((await stat(partPath(file()))).size).toBeLessThanOrEqual(300_000);
  });

  it('says the status of a refusal, retries a passing one', async () => {
    const gone = await serving((_request, response) => response.writeHead(404).end());
    const store = await openStore([entryFor(bytes, [url(gone)])]);
    await expect(store.pull('small')).rejects.toThrow(/127.0.0.1: it answers HTTP 404/);
    expect(gone.requests).toHaveLength(1);
    const busy = await serving((request, response, number) =>
      number === 0 ? response.writeHead(503).end() : sendFile(request, response, bytes),
    );
    expect((await (await openStore([entryFor(bytes, [url(busy)])])).pull('small')).state).toBe('present');
  });

  it('follows redirects, but not away from https, nor without end', async () => {
    const redirecting = async (to: (own: string) => string) => {
      const server: TestServer = await serving((_request, response) =>
        response.writeHead(302, { location: to(server.url) }).end(),
      );
      return server;
    };
    const good = await serving((request, response) => sendFile(request, response, bytes));
    const store = await openStore([entryFor(bytes, [url(await redirecting(() => good.url))])]);
    expect((await store.pull('small')).state).toBe('present');
    await store.remove('small');
    for (const [target, problem] of [
      [() => 'http://192.0.2.1/model', /redirects to http:\/\/, which is not https/],
      [() => 'file:///etc/passwd', /redirects to file:\/\//],
      [(own: string) => own, /redirects without end/],
      [() => 'https://', /redirects to nowhere/],
    ] as const) {
      const other = await openStore([entryFor(bytes, [url(await redirecting(target))])]);
      await expect(other.pull('small')).rejects.toThrow(problem);
    }
  });

  it('stops at once when cancelled, and goes on from there the next time', async () => {
    let isSlow = true;
    const server = await serving((request, response) => {
      if (!isSlow) return sendFile(request, response, bytes);
      response.writeHead(200, { 'content-length': bytes.length, etag: '"v1"' });
      let sent = 0;
      const drip = setInterval(() => {
        if (response.destroyed) clearInterval(drip);
        else response.write(bytes.subarray(sent, (sent += 1000)));
      }, 10);
      return response;
    });
    const store = await openStore([entryFor(bytes, [url(server)])], { ...quick, stallTimeoutMs: 60_000 });
    const controller = new AbortController();
    const attempt = store.pull('small', {
      signal: controller.signal,
      onProgress: ({ doneBytes }) => {
        if (doneBytes > 0) controller.abort();
      },
    });
    await expect(attempt).rejects.toMatchObject({ kind: 'cancelled' });
    const { partialBytes, state } = await store.locate('small');
    expect(state).toBe('absent');
    expect(partialBytes).toBeGreaterThan(0);
    isSlow = false;
    expect((await store.pull('small')).state).toBe('present');
    expect(server.requests[1]?.range).toBe(`bytes=${partialBytes}-`);
    expect(await lying()).toEqual(['small.gguf']);
  });

  it('downloads once for two pulls at once', async () => {
    const server = await serving((request, response) => {
      setTimeout(() => sendFile(request, response, bytes), 100);
    });
    const first = await openStore([entryFor(bytes, [url(server)])]);
    const second = await openStore([entryFor(bytes, [url(server)])]);
    const waited: string[] = [];
    const outcomes = await Promise.all([
      first.pull('small'),
      second.pull('small', { onProgress: ({ phase }) => waited.push(phase) }),
    ]);
    expect(outcomes.map(({ state }) => state)).toEqual(['present', 'present']);
    expect(server.requests).toHaveLength(1);
    expect(await lying()).toEqual(['small.gguf']);
  });

  it('takes over from a process that was killed while it pulled', async () => {
    const server = await serving((request, response) => sendFile(request, response, bytes));
    const store = await openStore([entryFor(bytes, [url(server)])]);
    await mkdir(sandbox.modelsDirectory, { recursive: true });
    const lock = `${file()}.lock`;
    const child = fork(
      '-e',
      [
        `const fs = require('node:fs'), os = require('node:os');
         fs.writeFileSync(process.argv[1], JSON.stringify({ pid: process.pid, host: os.hostname(), token: 't' }));
         process.send('locked'); setInterval(() => {}, 1000);`,
        lock,
      ],
      { execArgv: [] },
    );
    await new Promise((resolve) => child.once('message', resolve));
    const waiting = new AbortController();
    await expect(
      store.pull('small', { signal: waiting.signal, onProgress: () => waiting.abort() }),
    ).rejects.toMatchObject({ kind: 'cancelled' });
    expect(server.requests).toHaveLength(0);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect((await store.pull('small')).state).toBe('present');
    expect(await lying()).toEqual(['small.gguf']);
  });

  it('takes over a lock that nobody touched for long, whatever process it names', async () => {
    const server = await serving((request, response) => sendFile(request, response, bytes));
    const store = await openStore([entryFor(bytes, [url(server)])]);
    await mkdir(sandbox.modelsDirectory, { recursive: true });
    const lock = `${file()}.lock`;
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const holder of [{ pid: process.pid, host: 'elsewhere', token: 't' }, 'torn']) {
      await writeFile(lock, JSON.stringify(holder));
      await utimes(lock, longAgo, longAgo);
      expect((await store.pull('small')).state).toBe('present');
      await store.remove('small');
    }
  });

  it('replaces a damaged file', async () => {
    const server = await serving((request, response) => sendFile(request, response, bytes));
    const store = await openStore([entryFor(bytes, [url(server)])]);
    await mkdir(sandbox.modelsDirectory, { recursive: true });
    await writeFile(file(), wrong);
    expect(await store.locate('small')).toMatchObject({ state: 'corrupt', problem: /SHA-256/ });
    await expect(store.pull('small', { offline: true })).rejects.toThrow(/offline/);
    expect((await store.pull('small')).state).toBe('present');
  });

  it('refuses offline, unknown, embedded and imported models that it cannot fetch', async () => {
    const server = await serving((request, response) => sendFile(request, response, bytes));
    const embedded = entryFor(wrong, [], { name: 'inside', file: 'in.gguf', embedded: true, default: false });
    const store = await openStore([entryFor(bytes, [url(server)]), embedded]);
    await expect(store.pull('small', { offline: true })).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(store.pull('inside')).rejects.toThrow(/comes with the program/);
    await expect(store.pull('nobody')).rejects.toThrow(
      /no model is called "nobody"; there are small, inside/,
    );
    expect(server.requests).toHaveLength(0);
  });

  it('checks the disk first', async () => {
    const server = await serving((request, response) => sendFile(request, response, bytes));
    const store = await openStore([{ ...entryFor(bytes, [url(server)]), sizeBytes: 2 ** 43 }]);
    await expect(store.pull('small')).rejects.toMatchObject({ kind: 'resource_exhausted' });
    expect(server.requests).toHaveLength(0);
  });

  it('does not download a model whose adapter is missing', async () => {
    const server = await serving((request, response) => sendFile(request, response, bytes));
    const adapter = {
      file: 'lora.gguf',
      sizeBytes: 5,
      sha256: sha256Of(Buffer.from('lora!')),
      licence: 'MIT',
    };
    const store = await openStore([entryFor(bytes, [url(server)], { adapters: [adapter] })]);
    await expect(store.pull('small')).rejects.toThrow(/adapter of small, .*lora.gguf, is missing/);
    expect(server.requests).toHaveLength(0);
    await writeFile(join(sandbox.bundledDirectory, 'lora.gguf'), 'lora!');
    expect((await store.pull('small')).adapters).toMatchObject([{ state: 'present', bundled: true }]);
  });
});

describe('locate and verify', () => {
  it('does not read a file again that has not changed, but does when asked', async () => {
    const store = await openStore([entryFor(bytes, [])]);
    await mkdir(sandbox.modelsDirectory, { recursive: true });
    await writeFile(file(), bytes);
    const read: number[] = [];
    const onBytes = (done: number) => read.push(done);
    expect((await store.locate('small', { onBytes })).state).toBe('present');
    expect(read.at(-1)).toBe(bytes.length);
    read.length = 0;
    expect((await store.locate('small', { onBytes })).state).toBe('present');
    expect(read).toEqual([]);
    // Damage that keeps size and time: only a full check sees it.
    const { atime, mtime } = await stat(file());
    const damaged = Buffer.from(bytes);
    damaged[200_000] = (damaged[200_000] ?? 0) ^ 1;
    await writeFile(file(), damaged);
    await utimes(file(), atime, mtime);
    expect((await store.verify('small', { onBytes })).ok).toBe(false);
    expect(read.at(-1)).toBe(bytes.length);
    await writeFile(file(), bytes);
    expect((await store.locate('small')).state).toBe('present');
    expect((await store.verify('small')).ok).toBe(true);
    await writeFile(file(), bytes.subarray(1));
    expect(await store.locate('small')).toMatchObject({ state: 'corrupt', problem: /299999 bytes/ });
  });

  it('falls back on the file that comes with the program', async () => {
    const store = await openStore([entryFor(bytes, [], { embedded: true })]);
    expect((await store.locate('small')).state).toBe('absent');
    await writeFile(join(sandbox.bundledDirectory, 'small.gguf'), bytes);
    expect(await store.locate('small')).toMatchObject({ state: 'present', bundled: true });
    await mkdir(sandbox.modelsDirectory, { recursive: true });
    await writeFile(file(), wrong);
    expect(await store.locate('small')).toMatchObject({ state: 'present', bundled: true });
    await expect(store.remove('small')).rejects.toThrow(/comes with the program/);
  });
});

describe('importFile', () => {
  const source = () => join(sandbox.root, 'My Model.Q4.gguf');

  it('makes an unknown file a model of its own, by copy or link', async () => {
    const store = await openStore([entryFor(wrong, [])]);
    await writeFile(source(), bytes);
    const copied = await store.importFile(source());
    expect(copied).toMatchObject({
      state: 'present',
      entry: { name: 'my-model.q4', architecture: 'llama', contextTokens: 4096, licence: 'unknown' },
    });
    await store.importFile(source(), { name: 'linked', method: 'link', family: 'starcoder2' });
    const { modelsDirectory, bundledDirectory } = sandbox;
    const again = await ModelStore.open({ modelsDirectory, bundledDirectory });
    expect(again.catalog.list().map(({ name }) => name)).toEqual(['small', 'my-model.q4', 'linked']);
    expect((await lstat(join(modelsDirectory, 'linked.gguf'))).isSymbolicLink()).toBe(true);
    expect(await again.remove('linked')).toBe(true);
    expect(await readFile(source())).toHaveLength(bytes.length);
    expect(await again.remove('my-model.q4')).toBe(true);
    expect(await lying()).toEqual(['catalog.json']);
  });

  it('recognises a model of the catalogue by its checksum', async () => {
    const store = await openStore([entryFor(bytes, [])]);
    await writeFile(source(), bytes);
    expect(await store.importFile(source())).toMatchObject({ state: 'present', path: file() });
    expect(await store.importFile(file())).toMatchObject({ state: 'present', path: file() });
    expect((await lstat(file())).isSymbolicLink()).toBe(false);
    expect(await lying()).toEqual(['small.gguf']);
    expect(await store.remove('small')).toBe(true);
    expect(await store.remove('small')).toBe(false);
  });

  it('refuses what is no model, another file under a known name, and another checksum', async () => {
    const store = await openStore([entryFor(wrong, [])]);
    await writeFile(source(), 'no model, but long enough to be one');
    await expect(store.importFile(source())).rejects.toMatchObject({ reason: 'MODEL_INVALID' });
    await expect(store.importFile(join(sandbox.root, 'none'))).rejects.toMatchObject({ kind: 'not_found' });
    await writeFile(source(), ggufBytes(1000, { 'general.type': 'adapter' }));
    await expect(store.importFile(source())).rejects.toThrow(/is a GGUF adapter, not a model/);
    await writeFile(source(), bytes);
    await expect(store.importFile(source(), { name: 'small' })).rejects.toMatchObject({
      kind: 'already_exists',
    });
    await expect(store.importFile(source(), { name: 'default' })).rejects.toThrow(/name: must be/);
    await expect(store.importFile(source(), { name: '../x' })).rejects.toThrow(/name: must be/);
    await expect(store.importFile(source(), { sha256: sha256Of(wrong) })).rejects.toMatchObject({
      reason: 'MODEL_CHECKSUM_MISMATCH',
    });
    await expect(store.importFile(source(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'cancelled',
    });
    expect(await lying()).toEqual([]);
  });

  it('says where a broken catalogue of imports is wrong', async () => {
    const store = await openStore([entryFor(wrong, [])]);
    await writeFile(source(), bytes);
    await store.importFile(source());
    const path = join(sandbox.modelsDirectory, 'catalog.json');
    await writeFile(path, '{"models": [{}]}');
    await expect(openStore([entryFor(wrong, [])])).rejects.toMatchObject({ reason: 'CONFIG_INVALID' });
    await writeFile(path, JSON.stringify({ models: [entryFor(bytes, [], { default: false })] }));
    await expect(openStore([entryFor(wrong, [])])).rejects.toThrow(/"small" may not replace/);
  });
});

describe('resolveModel', () => {
  const lora = Buffer.from('lora!');
  const adapter = { file: 'lora.gguf', sizeBytes: 5, sha256: sha256Of(lora), licence: 'MIT', scale: 0.5 };
  const entry = () =>
    entryFor(bytes, [{ kind: 'url', url: 'https://example.org/a' }], {
      adapters: [adapter],
      family: 'qwen2.5-coder',
      policy: { name: 'similarity', threshold: 0.3 },
      copying: { weight: 0.2, from: 'unread' },
    });
  const spec = {
    name: 'small',
    family: 'qwen2.5-coder',
    recommended: { policy: 'similarity', threshold: 0.3 },
    copying: { weight: 0.2, from: 'unread' },
    contextTokens: 1024,
    prefillThreads: 0,
    decodeThreads: 0,
    gpu: 'auto',
  };

  it('names the policy file of the catalogue, and before it the one that was tuned here', async () => {
    const { modelsDirectory, bundledDirectory } = sandbox;
    const policy = { name: 'classifier', file: 'small.json' };
    const store = await openStore([entryFor(bytes, [], { policy })]);
    await mkdir(modelsDirectory, { recursive: true });
    await writeFile(join(modelsDirectory, 'small.gguf'), bytes);
    const recommended = async () => (await resolveModel('small', { store })).recommended;
    const bundled = join(bundledDirectory, 'policies', 'small.json');
    expect(await recommended()).toEqual({ policy: 'classifier', file: bundled });
    const tuned = tunedPolicyPath(modelsDirectory, 'small');
    await mkdir(dirname(tuned), { recursive: true });
    await writeFile(tuned, '{}');
    expect(await recommended()).toEqual({ policy: 'classifier', file: tuned });
  });

  it('turns a name, or the same file anywhere, into what to load', async () => {
    const store = await openStore([entry()]);
    const { modelsDirectory, bundledDirectory, root } = sandbox;
    const loraPath = join(bundledDirectory, 'lora.gguf');
    await writeFile(loraPath, lora);
    await mkdir(modelsDirectory, { recursive: true });
    await writeFile(file(), bytes);
    const adapters = [{ path: loraPath, scale: 0.5 }];
    expect(await resolveModel('default', { store })).toEqual({ ...spec, path: file(), adapters });
    await link(file(), join(root, 'elsewhere'));
    expect(await resolveModel('./elsewhere', { store, baseDirectory: root })).toEqual({
      ...spec,
      path: join(root, 'elsewhere'),
      adapters,
    });
    expect(await resolveModel('small', { store, adapters: [] })).toMatchObject({ adapters: [] });
    const own = {
      store,
      baseDirectory: root,
      adapters: ['bundle/lora.gguf'],
      contextTokens: 512,
      gpu: 'none',
    } as const;
    expect(await resolveModel('small', own)).toMatchObject({
      adapters: [{ path: loraPath, scale: 1 }],
      contextTokens: 512,
      gpu: 'none',
    });
    await expect(resolveModel('small', { store, adapters: ['/none.gguf'] })).rejects.toMatchObject({
      kind: 'not_found',
    });
    await rm(loraPath);
    await expect(resolveModel('small', { store })).rejects.toThrow(/adapter of small/);
  });

  it('loads a file that the catalogue does not know', async () => {
    const store = await openStore([entry()]);
    const path = join(sandbox.root, 'own.gguf');
    await writeFile(path, wrong);
    expect(await resolveModel(path, { store })).toEqual({
      name: 'own.gguf',
      path,
      adapters: [],
      contextTokens: 4096,
      prefillThreads: 0,
      decodeThreads: 0,
      gpu: 'auto',
    });
  });

  it('says how to get what is not there', async () => {
    const store = await openStore([entry()]);
    await expect(resolveModel('small', { store })).rejects.toMatchObject({
      kind: 'not_found',
      reason: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('`repoformer model pull small`') as string,
    });
    await mkdir(sandbox.modelsDirectory, { recursive: true });
    await writeFile(file(), wrong);
    await expect(resolveModel('small', { store })).rejects.toMatchObject({ kind: 'data_loss' });
    await expect(resolveModel('/no/such.gguf', { store })).rejects.toMatchObject({ kind: 'not_found' });
    await expect(resolveModel('nobody', { store })).rejects.toMatchObject({ kind: 'not_found' });
    await expect(resolveModel(' ', { store })).rejects.toMatchObject({ kind: 'invalid_argument' });
  });
});
