import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MergedEntry, ModelEntry } from './catalog-entry.js';
import { mergeAdapters } from './gguf/merge-adapters.js';
import { float32, randomNumbers, writeTestGguf } from './gguf/testing.js';
import { textField } from './gguf/write-gguf.js';
import { ModelStore } from './model-store.js';
import { resolveModel } from './resolve-model.js';
import {
  createSandbox,
  entryFor,
  sendFile,
  serve,
  sha256Of,
  type Sandbox,
  type TestServer,
} from './testing.js';

/** A model and an adapter that the catalogue wants merged, and what comes out of it. */
let sandbox: Sandbox;
let server: TestServer;
let merged: MergedEntry;
let entry: ModelEntry;
let expected: Buffer;

beforeEach(async () => {
  sandbox = await createSandbox();
  const { root, bundledDirectory } = sandbox;
  await mkdir(bundledDirectory, { recursive: true });
  const [base, adapter] = [join(root, 'base.gguf'), join(bundledDirectory, 'lora.gguf')];
  const architecture = { 'general.architecture': textField('llama') };
  await writeTestGguf(base, architecture, {
    'm.weight': { shape: [64, 8], type: 0, values: randomNumbers(512) },
  });
  await writeTestGguf(
    adapter,
    {
      ...architecture,
      ...{
        'general.type': textField('adapter'),
        'adapter.type': textField('lora'),
        'adapter.lora.alpha': float32(4),
      },
    },
    {
      'm.weight.lora_a': { shape: [64, 2], type: 0, values: randomNumbers(128) },
      'm.weight.lora_b': { shape: [2, 8], type: 0, values: randomNumbers(16) },
    },
  );
  const [bytes, adapterBytes] = [await readFile(base), await readFile(adapter)];
  server = await serve((request, response) => sendFile(request, response, bytes));
  const plain = entryFor(bytes, [{ kind: 'url', url: server.url }]);
  const draft = join(root, 'draft.gguf');
  const applied = [{ path: adapter, scale: 1 }];
  await mergeAdapters(base, applied, draft, { name: `${plain.title}, merged`, type: 'q8_0' });
  expected = await readFile(draft);
  const { length: sizeBytes } = expected;
  merged = { file: 'small-merged.gguf', type: 'q8_0', sizeBytes, sha256: sha256Of(expected) };
  const { length: adapterSize } = adapterBytes;
  const lora = { file: 'lora.gguf', sha256: sha256Of(adapterBytes), sizeBytes: adapterSize, licence: 'MIT' };
  entry = { ...plain, adapters: [lora], merged };
});
afterEach(async () => {
  await server.close();
  await sandbox.remove();
});

async function open(given: ModelEntry = entry): Promise<ModelStore> {
  await sandbox.writeCatalog([given]);
  const { modelsDirectory, bundledDirectory } = sandbox;
  return ModelStore.open({ modelsDirectory, bundledDirectory });
}
const path = () => join(sandbox.modelsDirectory, merged.file);
const lying = async () =>
  (await readdir(sandbox.modelsDirectory)).filter((name) => name !== '.verified').sort();

describe('a model that the catalogue wants merged with its adapter', () => {
  it('is merged when it is pulled, once, and loaded so', async () => {
    const store = await open();
    const phases = new Set<string>();
    const location = await store.pull('small', { onProgress: ({ phase }) => phases.add(phase) });
    expect(location.merged).toMatchObject({ state: 'present', path: path() });
    expect([...phases].at(-1)).toBe('merging');
    expect((await readFile(path())).equals(expected)).toBe(true);
    expect(await lying()).toEqual(['small-merged.gguf', 'small.gguf']);
    expect(await resolveModel('small', { store })).toMatchObject({
      name: 'small',
      path: path(),
      adapters: [],
    });
    const before = (await stat(path())).mtimeMs;
    await store.pull('small', { offline: true });
    expect((await stat(path())).mtimeMs).toBe(before);
  });

  it('keeps its own files where other adapters, or none, are asked for', async () => {
    const store = await open();
    await store.pull('small');
    const spec = await resolveModel('small', { store, adapters: [] });
    expect(spec).toMatchObject({ path: join(sandbox.modelsDirectory, 'small.gguf'), adapters: [] });
    const file = await resolveModel(join(sandbox.modelsDirectory, 'small.gguf'), { store });
    expect(file.adapters).toHaveLength(1);
  });

  it('works without, where it cannot be merged, and says why', async () => {
    const store = await open({ ...entry, merged: { ...merged, sha256: '0'.repeat(64) } });
    const problems: unknown[] = [];
    const location = await store.pull('small', { onMergeProblem: (problem) => problems.push(problem) });
    expect(location.state).toBe('present');
    expect(problems).toMatchObject([{ reason: 'MODEL_CHECKSUM_MISMATCH' }]);
    expect(await lying()).toEqual(['small.gguf']);
    const spec = await resolveModel('small', { store });
    expect(spec.adapters).toHaveLength(1);
    expect((await store.verify('small')).ok).toBe(true);
  });

  it('works without, too, where there is no place for it', async () => {
    await mkdir(join(path(), 'in the way'), { recursive: true });
    const store = await open();
    const problems: unknown[] = [];
    const location = await store.pull('small', { onMergeProblem: (problem) => problems.push(problem) });
    expect(location.state).toBe('present');
    expect(problems).toHaveLength(1);
    expect(await lying()).toEqual(['small-merged.gguf', 'small.gguf']);
  });

  it('can be stopped', async () => {
    const store = await open();
    const controller = new AbortController();
    const pulled = store.pull('small', {
      signal: controller.signal,
      onProgress: ({ phase }) => phase === 'merging' && controller.abort(),
    });
    await expect(pulled).rejects.toMatchObject({ kind: 'cancelled' });
    expect(await lying()).toEqual(['small.gguf']);
  });

  it('is merged anew where the file was changed, and removed with it', async () => {
    const store = await open();
    await store.pull('small');
    await writeFile(path(), 'damaged');
    expect((await store.verify('small')).ok).toBe(false);
    expect((await resolveModel('small', { store })).adapters).toHaveLength(1);
    await store.pull('small');
    expect((await store.verify('small')).ok).toBe(true);
    expect(await store.remove('small')).toBe(true);
    expect(await lying()).toEqual([]);
  });

  it('must have an adapter', async () => {
    await expect(open({ ...entry, adapters: [] })).rejects.toThrow(/no adapter to be merged with/);
    await expect(open({ ...entry, merged: { ...merged, file: entry.file } })).rejects.toThrow(/two models/);
  });
});
