import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadLanguageModel } from './load-language-model.js';
import { FOREIGN_ADAPTER, NANO_MODEL, nanoSpec } from './test-support.js';

let folder: string;
let nano: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engine-load-'));
  nano = await readFile(NANO_MODEL);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A damaged copy of the small model. */
async function damaged(name: string, damage: (bytes: Buffer) => Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, damage(Buffer.from(nano)));
  return path;
}

/** The first `from` becomes `to`, which has as many bytes. */
function patched(from: string, to: string): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes.write(to, bytes.indexOf(from), 'latin1');
    return bytes;
  };
}

const ARCHITECTURE_VALUE = 'general.architecture'.length + 4 + 8;

describe('loadLanguageModel refuses at once, with the reason', () => {
  it.each([
    [
      'a file that is missing',
      () => join(folder, 'no.gguf'),
      'not_found',
      'MODEL_NOT_FOUND',
      'does not exist',
    ],
    ['a folder', () => folder, 'failed_precondition', 'MODEL_INVALID', 'is no file'],
    [
      'an empty file',
      () => damaged('empty', () => Buffer.alloc(0)),
      'failed_precondition',
      'MODEL_INVALID',
      'no GGUF',
    ],
    [
      'a text file',
      () => damaged('text', () => Buffer.from('<html>not found</html>')),
      'failed_precondition',
      'MODEL_INVALID',
      'no GGUF',
    ],
    [
      'a header cut off',
      () => damaged('head', (b) => b.subarray(0, 20)),
      'failed_precondition',
      'MODEL_INVALID',
      'cut off',
    ],
    [
      'half a file',
      () => damaged('half', (b) => b.subarray(0, b.length / 2)),
      'failed_precondition',
      'MODEL_INVALID',
      'corrupted or incomplete',
    ],
    [
      'an absurd header',
      () => damaged('count', (b) => (b.writeBigUInt64LE(1n << 60n, 8), b)),
      'failed_precondition',
      'MODEL_INVALID',
      'header is corrupt',
    ],
    [
      'an unknown format version',
      () => damaged('version', (b) => (b.writeUInt32LE(99, 4), b)),
      'failed_precondition',
      'MODEL_UNSUPPORTED',
      'version 99',
    ],
    [
      'an unknown architecture',
      () =>
        damaged('arch', (b) => {
          b.write('zlama', b.indexOf('general.architecture') + ARCHITECTURE_VALUE, 'latin1');
          return b;
        }),
      'failed_precondition',
      'MODEL_UNSUPPORTED',
      "unknown model architecture: 'zlama'",
    ],
    [
      'an unknown tokenizer',
      () => damaged('pre', patched('smollm', 'zmollm')),
      'failed_precondition',
      'MODEL_UNSUPPORTED',
      'zmollm',
    ],
    [
      'weights that are not numbers',
      () => damaged('nan', (b) => b.fill(0xff, b.length - 200_000)),
      'failed_precondition',
      'MODEL_INVALID',
      'invalid data',
    ],
  ])('%s', async (_, path, kind, reason, message) => {
    const load = loadLanguageModel(nanoSpec({ path: await path() }));
    await expect(load).rejects.toMatchObject({ name: 'AppError', kind, reason });
    await expect(load).rejects.toThrow(message);
  });

  it.each([
    [
      'an adapter for another architecture',
      () => FOREIGN_ADAPTER,
      'failed_precondition',
      'MODEL_INVALID',
      'arch mismatch',
    ],
    ['a model given as adapter', () => NANO_MODEL, 'failed_precondition', 'MODEL_INVALID', "'adapter'"],
    ['a missing adapter', () => join(folder, 'no.gguf'), 'not_found', 'MODEL_NOT_FOUND', 'adapter file'],
  ])('%s', async (_, path, kind, reason, message) => {
    const load = loadLanguageModel(nanoSpec({ adapters: [{ path: path(), scale: 1 }] }));
    await expect(load).rejects.toMatchObject({ name: 'AppError', kind, reason });
    await expect(load).rejects.toThrow(message);
  });

  it.each([
    ['contextTokens', { contextTokens: 0 }],
    ['contextTokens', { contextTokens: 100.5 }],
    ['prefillThreads', { prefillThreads: -1 }],
    ['decodeThreads', { decodeThreads: Number.NaN }],
    ['scale', { adapters: [{ path: FOREIGN_ADAPTER, scale: Number.POSITIVE_INFINITY }] }],
  ])('a bad %s', async (field, change) => {
    const load = loadLanguageModel(nanoSpec(change));
    await expect(load).rejects.toMatchObject({ kind: 'invalid_argument' });
    await expect(load).rejects.toThrow(field);
  });

  it('a load that is cancelled, before or while it runs', async () => {
    const signal = AbortSignal.abort();
    await expect(loadLanguageModel(nanoSpec(), { signal })).rejects.toMatchObject({ kind: 'cancelled' });
    const controller = new AbortController();
    const load = loadLanguageModel(nanoSpec(), { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(load).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('a load that takes longer than it may', async () => {
    await expect(loadLanguageModel(nanoSpec(), { startTimeoutMs: 1 })).rejects.toMatchObject({
      kind: 'deadline_exceeded',
      reason: 'ENGINE_UNAVAILABLE',
    });
  });
});

describe('loadLanguageModel', () => {
  it('says what is known of the model, and lowers a context the model was not trained on', async () => {
    const warnings: string[] = [];
    const model = await loadLanguageModel(nanoSpec({ contextTokens: 1_000_000 }), {
      log: (level, message) => void (level === 'warn' && warnings.push(message)),
    });
    try {
      expect(model.info).toMatchObject({
        name: 'nano',
        architecture: 'llama',
        parameters: 6_917_376,
        fileBytes: nano.length,
        contextTokens: 2047,
        device: 'cpu',
        vocabularySize: 8192,
        fimTokens: { prefix: 1, middle: 2, suffix: 3 },
        metadata: { name: 'model' },
      });
      expect(model.info.bosToken).toBeUndefined();
      expect(model.info.memoryBytes).toBeGreaterThan(nano.length / 2);
      expect(warnings.join('\n')).toContain('lowered');
    } finally {
      await model.close();
    }
  });
});
