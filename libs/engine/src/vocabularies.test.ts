import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LlamaLanguageModel } from './llama-language-model.js';
import { loadLanguageModel } from './load-language-model.js';
import { sentencePieceModel, sparseModel } from './test-gguf.js';
import { bytesOf, generateAll, inLane, nanoSpec, never, tokensOf } from './test-support.js';

let folder: string;
let model: LlamaLanguageModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engine-spm-'));
  const path = join(folder, 'model.gguf');
  await writeFile(path, sentencePieceModel());
  model = await loadLanguageModel(nanoSpec({ path, contextTokens: 256 }));
});
afterAll(async () => {
  await model?.close();
  await rm(folder, { recursive: true, force: true });
});

const read = async (tokens: Int32Array) => Buffer.concat(await model.tokenBytes(tokens)).toString();

describe('a SentencePiece vocabulary', () => {
  it('gives its markers, beginning and ends', () => {
    const { specialTokens, fimTokens, bosToken, endTokens } = model.info;
    expect(Object.keys(specialTokens)).toEqual(
      expect.arrayContaining(['<s>', '</s>', '▁<PRE>', '▁<SUF>', '▁<MID>', '▁<EOT>']),
    );
    // User-defined text and byte tokens are no markers.
    expect(specialTokens).not.toHaveProperty('<tool>');
    expect(specialTokens).not.toHaveProperty('<0x0A>');
    expect(fimTokens).toEqual({
      prefix: specialTokens['▁<PRE>'],
      suffix: specialTokens['▁<SUF>'],
      middle: specialTokens['▁<MID>'],
    });
    expect(bosToken).toBe(1);
    expect(endTokens).toEqual(expect.arrayContaining([2, specialTokens['▁<EOT>']]));
  });

  it('gives every text back byte for byte, without the space that it puts before texts', async () => {
    const markers = new Set(Object.values(model.info.specialTokens));
    for (const text of [
      'return x ? y : z',
      ' return',
      '  return',
      '\n\treturn',
      '\r\n',
      'é 日 👍',
      'a <PRE> b ▁<PRE> c</s>',
    ]) {
      const tokens = await tokensOf(model, text);
      // U+2581 itself is how the vocabulary writes a space.
      expect(await read(tokens)).toBe(text.replaceAll('▁', ' '));
      expect([...tokens].filter((token) => markers.has(token))).toEqual([]);
    }
  });

  it('heals a word that is half typed', async () => {
    const prompt = Int32Array.of(model.info.bosToken!, ...(await tokensOf(model, 'a = b\n')));
    const whole = await tokensOf(model, ' return');
    expect(whole).toHaveLength(1);
    await inLane(model, async (lane) => {
      for (const forced of ['', ' ', ' ret', ' retur', '日', '\t', 'x.y(z)']) {
        const healed = await generateAll(lane, prompt, { maxTokens: 6, forcedBytes: bytesOf(forced) });
        const again = await generateAll(lane, prompt, { maxTokens: 6, forcedBytes: bytesOf(forced) });
        expect(healed).toEqual(again);
        expect(healed.generatedTokens).toBeLessThanOrEqual(6);
      }
    });
  });
});

describe('a vocabulary that cannot write everything', () => {
  it('is fed what is typed where no token agrees with it', async () => {
    const path = join(folder, 'sparse.gguf');
    await writeFile(path, sparseModel());
    const sparse = await loadLanguageModel(nanoSpec({ path, contextTokens: 256 }));
    try {
      const prompt = await tokensOf(sparse, 'a = b\n');
      await inLane(sparse, async (lane) => {
        // The last of them is nothing at all to this vocabulary.
        for (const forced of ['re(', 'x = (y) ', '()']) {
          await lane.evaluate(prompt, { signal: never });
          const before = sparse.counters().evaluatedTokens;
          await generateAll(lane, prompt, { maxTokens: 4, forcedBytes: bytesOf(forced) });
          const writable = (await tokensOf(sparse, forced)).length;
          expect(sparse.counters().evaluatedTokens - before).toBeGreaterThanOrEqual(writable);
        }
      });
    } finally {
      await sparse.close();
    }
  });

  it('that llama.cpp dies of is reported, not survived in silence', async () => {
    const path = join(folder, 'no-bytes.gguf');
    await writeFile(path, sentencePieceModel({ byteTokens: false }));
    const load = loadLanguageModel(nanoSpec({ path }));
    await expect(load).rejects.toMatchObject({ kind: 'unavailable', reason: 'ENGINE_CRASHED' });
    await expect(load).rejects.toThrow('while it loaded nano');
  });
});
