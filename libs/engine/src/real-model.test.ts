import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadLanguageModel } from './load-language-model.js';
import type { LlamaLanguageModel } from './llama-language-model.js';
import { FOREIGN_ADAPTER, generateAll, inLane, nanoSpec, never, tokensOf } from './test-support.js';

const path = process.env['REPOFORMER_TEST_MODEL'];
if (!path) {
  process.stdout.write(
    'skipped: tests with Qwen2.5-Coder-0.5B; set REPOFORMER_TEST_MODEL to its GGUF file\n',
  );
}

describe.skipIf(!path)('Qwen2.5-Coder-0.5B with its adapter', () => {
  let model: LlamaLanguageModel;
  beforeAll(async () => {
    const adapters = [{ path: FOREIGN_ADAPTER, scale: 1 }];
    model = await loadLanguageModel(nanoSpec({ name: 'qwen', path: path!, adapters, contextTokens: 1024 }));
  });
  afterAll(() => model?.close());

  it('has its markers as single special tokens', () => {
    expect(model.info.architecture).toBe('qwen2');
    expect(model.info.specialTokens).toMatchObject({
      '<|fim_prefix|>': 151659,
      '<|fim_middle|>': 151660,
      '<|fim_suffix|>': 151661,
      '<|repo_name|>': 151663,
      '<|file_sep|>': 151664,
    });
    expect(model.info.endTokens).toEqual(expect.arrayContaining([151643, 151645]));
  });

  it('answers otherwise than without the adapter', async () => {
    const prompt = await tokensOf(model, 'def area(width, height):\n    return');
    const watch = [0, 1, 2, 3, 2400];
    const probabilities = (of: LlamaLanguageModel) =>
      inLane(of, async (lane) => (await lane.evaluate(prompt, { watch, signal: never })).probabilities);
    const withAdapter = await probabilities(model);
    const bare = await loadLanguageModel(nanoSpec({ name: 'bare', path: path! }));
    try {
      expect(await probabilities(bare)).not.toEqual(withAdapter);
    } finally {
      await bare.close();
    }
  });

  it('types a line one character at a time for about one evaluated token a key', async () => {
    const prompt = await tokensOf(model, 'def read(path):\n    with open(path) as handle:\n');
    const line = '        return handle.read()';
    await inLane(model, async (lane) => {
      await lane.evaluate(prompt, { signal: never });
      const before = model.counters().evaluatedTokens;
      const offered: string[] = [];
      for (let cut = 1; cut < line.length; cut += 1) {
        const typed = await tokensOf(model, line.slice(0, cut));
        const [forcedBytes] = await model.tokenBytes(typed.slice(-1));
        const tokens = Int32Array.of(...prompt, ...typed.slice(0, -1));
        offered.push(
          line.slice(0, cut) + (await generateAll(lane, tokens, { maxTokens: 2, forcedBytes })).text,
        );
      }
      // One more for each second generated token that the next key finds in the state or drops.
      expect((model.counters().evaluatedTokens - before) / offered.length).toBeLessThan(2);
      expect(offered.filter((text) => line.startsWith(text.trimEnd())).length).toBeGreaterThan(
        line.length / 2,
      );
    });
  });
});
