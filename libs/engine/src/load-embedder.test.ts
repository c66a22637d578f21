import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEmbedder, type Embedder } from './load-embedder.js';
import { NANO_MODEL } from './test-support.js';

/** Of the small model, which was not made for this: what is shown is that texts become vectors. */
describe('an embedder', () => {
  let embedder: Embedder;
  beforeAll(async () => {
    embedder = await loadEmbedder(NANO_MODEL, { contextTokens: 32 });
  });
  afterAll(() => embedder?.close());

  it('gives the same vector for the same text, others for others', async () => {
    const [one, other, again] = await embedder.embed(['def area(r):', 'SELECT name', 'def area(r):']);
    expect(one!.length).toBeGreaterThan(32);
    expect(other).toHaveLength(one!.length);
    expect([...one!].every(Number.isFinite)).toBe(true);
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  it('gives zeros for nothing, and reads no more than the context holds', async () => {
    const long = 'value = call(argument)\n'.repeat(50);
    const [empty, whole, longer] = await embedder.embed(['', long, long + long]);
    expect(empty!.every((value) => value === 0)).toBe(true);
    expect(longer).toEqual(whole);
  });

  it('can be stopped', async () => {
    await expect(embedder.embed(['x'], AbortSignal.abort())).rejects.toMatchObject({ kind: 'cancelled' });
    await expect(embedder.embed([], AbortSignal.abort())).resolves.toEqual([]);
  });
});

describe('what cannot be loaded', () => {
  const directory = mkdtempSync(join(tmpdir(), 'embedder-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('is told with its reason', async () => {
    await expect(loadEmbedder(join(directory, 'none.gguf'))).rejects.toMatchObject({
      kind: 'not_found',
      reason: 'MODEL_NOT_FOUND',
    });
    const broken = join(directory, 'broken.gguf');
    writeFileSync(broken, Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(100, 7)]));
    await expect(loadEmbedder(broken)).rejects.toMatchObject({ reason: expect.stringMatching(/^MODEL_/) });
    await expect(loadEmbedder(NANO_MODEL, { contextTokens: 1 })).rejects.toThrow('contextTokens');
    await expect(loadEmbedder(NANO_MODEL, { threads: 0 })).rejects.toThrow('threads');
  });
});
