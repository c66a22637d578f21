import type { Copying, GenerateOptions, ModelLane } from '@repoformer/domain';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LlamaLanguageModel } from './llama-language-model.js';
import {
  bytesOf,
  generateAll,
  generateOptions,
  inLane,
  loadNano,
  never,
  pythonSource,
  tokensOf,
} from './test-support.js';
import { Utf8Stream } from './utf8-stream.js';

let model: LlamaLanguageModel;
const text = (bytes: readonly Uint8Array[]) => Buffer.concat(bytes).toString('utf8');

beforeAll(async () => {
  model = await loadNano({ queueLimit: 2 });
});
afterAll(() => model.close());

/** Counters of one action, once everything it started has ended. */
async function counted(action: () => Promise<unknown>) {
  const before = model.counters();
  await action();
  // A later request is answered only after everything before it has stopped.
  await inLane(model, async (lane) => lane.evaluate(Int32Array.of(0), { watch: [], signal: never }));
  const after = model.counters();
  return {
    evaluated: after.evaluatedTokens - before.evaluatedTokens,
    reused: after.reusedTokens - before.reusedTokens,
    generated: after.generatedTokens - before.generatedTokens,
    requests: after.requests - before.requests,
    cancelled: after.cancelledRequests - before.cancelledRequests,
  };
}

/** The state without a common prefix with any text. */
const clear = (lane: ModelLane) => lane.evaluate(Int32Array.of(15), { signal: never });

describe('tokens', () => {
  it('never become markers when they are text, and give their bytes back', async () => {
    const markers = Object.entries(model.info.specialTokens);
    expect(markers.map(([marker]) => marker)).toEqual(
      expect.arrayContaining([
        '<fim_prefix>',
        '<fim_suffix>',
        '<fim_middle>',
        '<cc>',
        '<eof>',
        '<|endoftext|>',
      ]),
    );
    const ids = new Set(markers.map(([, id]) => id));
    const source = `a = "${markers.map(([marker]) => marker).join('')}"  # x ? y : z , é 日本 👍\r\n\t'`;
    const [tokens, empty] = await model.tokenize([source, '']);
    expect([...tokens!].filter((token) => ids.has(token))).toEqual([]);
    expect(text(await model.tokenBytes(tokens!))).toBe(source);
    expect(empty).toHaveLength(0);
    const special = await model.tokenBytes(Int32Array.from(ids));
    expect(special.every((bytes) => bytes.length === 0)).toBe(true);
  });

  it('of any text concatenate to that text', async () => {
    const anyText = fc.string({
      unit: fc.constantFrom(' ', '\n', '\t', '.', 'if', 'é', '日', '👍', "'s", '?'),
    });
    const texts = fc.sample(anyText, { numRuns: 60, seed: 7 });
    const tokenised = await model.tokenize(texts);
    const back = await Promise.all(tokenised.map(async (tokens) => text(await model.tokenBytes(tokens))));
    expect(back).toEqual(texts);
  });

  it('are not served to one who has cancelled', async () => {
    await expect(model.tokenize(['x'], AbortSignal.abort())).rejects.toMatchObject({ kind: 'cancelled' });
  });
});

describe('evaluate', () => {
  it('gives a probability over the whole vocabulary', async () => {
    const prompt = await tokensOf(model, 'def area(width, height):\n    return');
    const everything = Array.from({ length: 8192 }, (_, token) => token);
    await inLane(model, async (lane) => {
      const all = await lane.evaluate(prompt, { watch: everything, signal: never });
      const sum = all.probabilities.reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 4);
      expect(all.argmax).toBe(all.probabilities.indexOf(Math.max(...all.probabilities)));
      // The same, asked for in llama.cpp's filtered way.
      const watch = [6, all.argmax, 2, 100];
      const some = await lane.evaluate(prompt, { watch, signal: never });
      watch.forEach((token, index) =>
        expect(some.probabilities[index]).toBeCloseTo(all.probabilities[token]!, 2),
      );
      expect(some.argmax).toBe(all.argmax);
      const none = await lane.evaluate(prompt, { watch: [], signal: never });
      expect(none).toMatchObject({ probabilities: [], argmax: all.argmax });
      const greedy = await generateAll(lane, prompt, { maxTokens: 1 });
      expect(bytesOf(greedy.text)).toEqual((await model.tokenBytes(Int32Array.of(all.argmax)))[0]);
    });
  });

  it('gives the highest probabilities in order, whatever is watched', async () => {
    const prompt = await tokensOf(model, 'def area(width, height):\n    return');
    const everything = Array.from({ length: 8192 }, (_, token) => token);
    await inLane(model, async (lane) => {
      const { probabilities } = await lane.evaluate(prompt, { watch: everything, signal: never });
      const expected = [...probabilities].sort((a, b) => b - a).slice(0, 5);
      for (const watch of [[], [3, 4000]]) {
        const { top } = await lane.evaluate(prompt, { watch, top: 5, signal: never });
        expect(top).toHaveLength(5);
        top.forEach((probability, index) => expect(probability).toBeCloseTo(expected[index]!, 2));
      }
      await expect(lane.evaluate(prompt, { watch: [], top: -1, signal: never })).rejects.toMatchObject({
        kind: 'invalid_argument',
      });
    });
  });

  it('scores given tokens as evaluating them one by one does', async () => {
    const tokens = await tokensOf(model, pythonSource(200));
    const from = tokens.length - 12;
    await inLane(model, async (lane) => {
      const scored = await lane.logProbabilities(tokens, { from, signal: never });
      expect(scored).toHaveLength(12);
      for (const [index, score] of scored.entries()) {
        const before = tokens.slice(0, from + index);
        const { probabilities } = await lane.evaluate(before, {
          watch: [tokens[from + index]!],
          signal: never,
        });
        expect(score).toBeCloseTo(Math.log(probabilities[0]!), 1);
      }
      for (const bad of [0, tokens.length + 1, 1.5]) {
        await expect(lane.logProbabilities(tokens, { from: bad, signal: never })).rejects.toMatchObject({
          kind: 'invalid_argument',
        });
      }
      expect(await lane.logProbabilities(tokens, { from: tokens.length, signal: never })).toEqual([]);
    });
  });

  it('evaluates only what follows the longest common prefix', async () => {
    const source = await tokensOf(model, pythonSource(1500));
    const prompt = source.slice(0, 300);
    const changed = prompt.slice();
    changed[200] = 100;
    await inLane(model, async (lane) => {
      await clear(lane);
      const ask = async (tokens: Int32Array, watch?: number[]) => {
        const { reused, evaluated, argmax } = await lane.evaluate(tokens, { watch, signal: never });
        return [reused, evaluated, argmax === -1];
      };
      expect(await ask(prompt)).toEqual([0, 300, true]);
      expect(await ask(prompt)).toEqual([300, 0, true]);
      expect(await ask(prompt, [6])).toEqual([299, 1, false]);
      expect(await ask(source.slice(0, 301), [6])).toEqual([300, 1, false]);
      // A prefix of the present state.
      expect(await ask(source.slice(0, 250))).toEqual([250, 0, true]);
      expect(await ask(source.slice(0, 120), [6])).toEqual([119, 1, false]);
      expect(await ask(prompt)).toEqual([120, 180, true]);
      expect(await ask(changed, [6])).toEqual([200, 100, false]);
    });
  });

  it('gives the same whether the state was reused or not', async () => {
    const source = await tokensOf(model, pythonSource(1500));
    const watch = [6, 2, 100, 300];
    await inLane(model, async (lane) => {
      for (const length of [1, 5, 127, 128, 129, 300]) {
        await clear(lane);
        const cold = await lane.evaluate(source.slice(0, length), { watch, signal: never });
        await lane.evaluate(source.slice(0, Math.max(1, length - 3)), { signal: never });
        const warm = await lane.evaluate(source.slice(0, length), { watch, signal: never });
        // What is shorter than the state, too.
        await lane.evaluate(source.slice(0, length + 50), { signal: never });
        const back = await lane.evaluate(source.slice(0, length), { watch, signal: never });
        for (const other of [warm, back]) {
          other.probabilities.forEach((p, index) => expect(p).toBeCloseTo(cold.probabilities[index]!, 2));
        }
      }
    });
  });

  it('refuses what it cannot evaluate', async () => {
    const { contextTokens } = model.info;
    await inLane(model, async (lane) => {
      const evaluate = (tokens: Int32Array, watch?: number[]) =>
        lane.evaluate(tokens, { watch, signal: never });
      const tooLarge = { kind: 'invalid_argument', reason: 'PROMPT_TOO_LARGE' };
      await expect(evaluate(new Int32Array(contextTokens + 1).fill(100))).rejects.toMatchObject(tooLarge);
      const generation = lane.generate(new Int32Array(contextTokens + 1).fill(100), generateOptions());
      await expect(generation.next()).rejects.toMatchObject(tooLarge);
      for (const bad of [[], [-1], [8192]]) {
        await expect(evaluate(Int32Array.from(bad))).rejects.toMatchObject({ kind: 'invalid_argument' });
      }
      await expect(evaluate(Int32Array.of(1), [9999])).rejects.toMatchObject({ kind: 'invalid_argument' });
      // The state is usable after each of them.
      expect(await evaluate(Int32Array.of(1, 2, 3))).toMatchObject({ argmax: -1 });
    });
  });
});

describe('generate', () => {
  it('is greedy without sampling, counts, and ends at its limit', async () => {
    const prompt = await tokensOf(model, pythonSource(600));
    const seen = await counted(() =>
      inLane(model, async (lane) => {
        await clear(lane);
        const first = await generateAll(lane, prompt);
        const second = await generateAll(lane, prompt);
        expect(second).toEqual(first);
        expect(first).toMatchObject({ generatedTokens: 24, end: 'max_tokens' });
        expect(first.pieces).toHaveLength(24);
        expect(await generateAll(lane, prompt, { maxTokens: 0 })).toMatchObject({
          text: '',
          generatedTokens: 0,
        });
      }),
    );
    expect(seen).toMatchObject({ generated: 48, requests: 2, cancelled: 0 });
    // All of the prompt, one token again for the second generation, two for `clear` and `counted`.
    expect(seen.evaluated).toBe(prompt.length + 3);
    expect(seen.reused).toBe(prompt.length - 1);
  });

  it('ends at end tokens and stop tokens without emitting them', async () => {
    const prompt = await tokensOf(model, pythonSource(600));
    await inLane(model, async (lane) => {
      const argmax = async (tokens: Int32Array) =>
        (await lane.evaluate(tokens, { watch: [], signal: never })).argmax;
      const first = await argmax(prompt);
      const second = await argmax(Int32Array.of(...prompt, first));
      expect(second).not.toBe(first);
      const bytes = await model.tokenBytes(Int32Array.of(first));
      const one = await generateAll(lane, prompt, { stopTokens: [second] });
      expect(one).toMatchObject({ text: text(bytes), generatedTokens: 1, end: 'end_token' });
      const nothing = await generateAll(lane, prompt, { stopTokens: [first] });
      expect(nothing).toMatchObject({ text: '', generatedTokens: 0, end: 'end_token' });
      // The model closes a hole by its own end token.
      const {
        '<fim_prefix>': prefix,
        '<fim_suffix>': suffix,
        '<eof>': eof,
        '<fim_middle>': middle,
      } = model.info.specialTokens;
      const left = await tokensOf(model, 'def add(a, b):\n    return ');
      const right = await tokensOf(model, '\n\n\ndef sub(a, b):\n    return a - b\n');
      const hole = Int32Array.of(prefix!, ...left, suffix!, ...right, eof!, middle!);
      const filled = await generateAll(lane, hole, { maxTokens: 200 });
      expect(filled.end).toBe('end_token');
      expect(filled.text).not.toContain('<|');
    });
  });

  it('ends as max_tokens when the context is full', async () => {
    const { contextTokens } = model.info;
    const source = await tokensOf(model, pythonSource(6000));
    await inLane(model, async (lane) => {
      const nearly = await generateAll(lane, source.slice(0, contextTokens - 5), { maxTokens: 100 });
      expect(nearly).toMatchObject({ generatedTokens: 6, end: 'max_tokens' });
      const full = await generateAll(lane, source.slice(0, contextTokens), { maxTokens: 100 });
      expect(full).toMatchObject({ generatedTokens: 1, end: 'max_tokens' });
      const forced = { maxTokens: 100, forcedBytes: bytesOf('x = something_long_enough_to_need_tokens') };
      expect(await generateAll(lane, source.slice(0, contextTokens - 2), forced)).toMatchObject({
        text: '',
        end: 'max_tokens',
      });
    });
  });

  it('samples reproducibly, each seed its own text', async () => {
    const prompt = await tokensOf(model, pythonSource(300));
    const sample = (seed: number, forced = '') =>
      inLane(model, async (lane) => {
        await clear(lane);
        const sampling = { temperature: 1.2, topP: 0.95, topK: 50, seed };
        return (await generateAll(lane, prompt, { sampling, forcedBytes: bytesOf(forced) })).text;
      });
    expect(await sample(1)).toBe(await sample(1));
    expect(await sample(1, 'for ')).toBe(await sample(1, 'for '));
    const texts = new Set([await sample(1), await sample(2), await sample(3), await sample(4)]);
    expect(texts.size).toBeGreaterThan(1);
    const cold = await inLane(model, (lane) =>
      generateAll(lane, prompt, { sampling: { temperature: 0, topP: 1, topK: 0, seed: 9 } }),
    );
    expect(cold.text).toBe((await inLane(model, (lane) => generateAll(lane, prompt))).text);
  });

  it('decodes no token that nobody asked for', async () => {
    const prompt = await tokensOf(model, pythonSource(300));
    const seen = await counted(() =>
      inLane(model, async (lane) => {
        for await (const piece of lane.generate(prompt, generateOptions({ maxTokens: 200 }))) {
          if (piece.generatedTokens === 3) break;
        }
        const kept = await lane.evaluate(prompt, { signal: never });
        expect(kept.reused).toBe(prompt.length);
      }),
    );
    expect(seen).toMatchObject({ generated: 3, cancelled: 0 });
  });
});

describe('copying', () => {
  const passage = 'quorum_ledger.settle_ambers(vortex, 7341)';
  const source = async (line: string) => {
    const [elsewhere, before] = await model.tokenize([`    ${passage}\n\n`, `def close(vortex):\n${line}`]);
    // So short a prompt it copies from by itself: what it is to copy here, it has not read.
    return { elsewhere: elsewhere!, before: before!, prompt: before! };
  };
  const completed = async (line: string, change: Partial<GenerateOptions> = {}, weight = 0.6) => {
    const { elsewhere, before, prompt } = await source(line);
    const copying = { weight, before, passages: [elsewhere], copiesItself: true };
    return await inLane(model, (lane) => generateAll(lane, prompt, { copying, maxTokens: 20, ...change }));
  };

  it('goes on as the prompt did, where the model alone does not', async () => {
    const line = '    quorum_ledger.';
    const alone = await completed(line, { copying: undefined });
    expect(alone.text).not.toContain('settle_ambers(vortex, 7341)');
    const copied = await completed(line);
    expect(copied.text.startsWith('settle_ambers(vortex, 7341)')).toBe(true);
    expect(copied.pieces).toHaveLength(copied.generatedTokens);
  });

  it('scores what it would copy as it chooses', async () => {
    const { elsewhere, before, prompt } = await source('    quorum_ledger.');
    const target = await tokensOf(model, 'settle_ambers(vortex, 7341)');
    const copying = { weight: 0.6, before, passages: [elsewhere], copiesItself: true };
    const tokens = Int32Array.of(...prompt, ...target);
    const sum = async (how: { copying?: Copying }) =>
      (
        await inLane(model, (lane) =>
          lane.logProbabilities(tokens, { from: prompt.length, signal: never, ...how }),
        )
      ).reduce((total, each) => total + each, 0);
    // A match of eight tokens leaves the model next to nothing to say.
    expect(await sum({ copying })).toBeGreaterThan((await sum({})) / 2);
    expect(await sum({ copying: { ...copying, passages: [], copiesItself: false } })).toBeCloseTo(
      await sum({}),
      5,
    );
  });

  it('goes on with what is typed', async () => {
    const { text: copied } = await completed('    quorum_ledger.', { forcedBytes: bytesOf('sett') });
    expect(copied.startsWith('le_ambers(vortex, 7341)')).toBe(true);
  });

  it('leaves to the model what it is sure of, and all of it where nothing matches', async () => {
    const nothing = { copying: { weight: 0.9, before: new Int32Array(), passages: [], copiesItself: true } };
    const { prompt } = await source('    return ');
    const alone = await inLane(model, (lane) => generateAll(lane, prompt, { maxTokens: 3 }));
    const free = await inLane(model, (lane) => generateAll(lane, prompt, { maxTokens: 1, ...nothing }));
    expect(alone.text.startsWith(free.text)).toBe(true);
    const hardly = await completed('    return ', { maxTokens: 3 }, 0.000001);
    expect(hardly.text).toBe(alone.text);
  });

  it('ends at the limit, at a full context and at stop tokens, as without', async () => {
    expect(await completed('    quorum_', { maxTokens: 2 })).toMatchObject({
      generatedTokens: 2,
      end: 'max_tokens',
    });
    const long = await tokensOf(model, pythonSource(6000));
    const prompt = long.slice(0, model.info.contextTokens - 5);
    const copying = { weight: 0.5, before: prompt, passages: [], copiesItself: true };
    const full = await inLane(model, (lane) => generateAll(lane, prompt, { copying, maxTokens: 100 }));
    expect(full).toMatchObject({ generatedTokens: 6, end: 'max_tokens' });
    const [first] = (await tokensOf(model, 'settle')).slice(0, 1);
    expect(await completed('    quorum_ledger.', { stopTokens: [first!] })).toMatchObject({
      text: '',
      end: 'end_token',
    });
  });

  it('is for greedy choice only', async () => {
    const sampling = { temperature: 1, topP: 0.9, topK: 40, seed: 5 };
    const line = '    quorum_ledger.';
    const sampled = await completed(line, { sampling });
    expect(sampled.text).toBe((await completed(line, { sampling, copying: undefined })).text);
    expect((await completed(line, { sampling: { ...sampling, temperature: 0 } })).text).toContain('ambers');
  });

  it('is cancelled between two tokens', async () => {
    const { elsewhere, before, prompt } = await source('    quorum_ledger.');
    const controller = new AbortController();
    const copying = { weight: 0.5, before, passages: [elsewhere], copiesItself: true };
    const { signal } = controller;
    await inLane(model, async (lane) => {
      const pieces = lane.generate(prompt, generateOptions({ copying, signal, maxTokens: 200 }));
      await pieces.next();
      controller.abort();
      await expect(pieces.next()).rejects.toMatchObject({ kind: 'cancelled' });
      expect((await lane.evaluate(prompt, { signal: never })).reused).toBe(prompt.length);
    });
  });

  it('refuses weights that leave nothing to the model, or nothing to the prompt', async () => {
    for (const weight of [0, 1, -1, Number.NaN]) {
      await expect(completed('x', {}, weight)).rejects.toMatchObject({ kind: 'invalid_argument' });
    }
  });
});

describe('token healing', () => {
  const LINES = ['    return self.width', '\t\tif x != "a  b":', "raise E(f'{n!r} ≠ 日 👍')"];

  it('emits what a naive healing finds beyond the forced bytes, at every cut of a line', async () => {
    const prompt = await tokensOf(model, pythonSource(300));
    const vocabulary = Array.from({ length: 8192 }, (_, token) => token);
    const bytes = (await model.tokenBytes(Int32Array.from(vocabulary))).map((own) => Buffer.from(own));
    await inLane(model, async (lane) => {
      const known = new Map<string, readonly number[]>();
      const probabilitiesAfter = async (tokens: readonly number[]) => {
        const key = tokens.join();
        const all = Int32Array.of(...prompt, ...tokens);
        const found =
          known.get(key) ?? (await lane.evaluate(all, { watch: vocabulary, signal: never })).probabilities;
        known.set(key, found);
        return found;
      };
      /** Healing as it is defined: at each step the likeliest of all tokens that agree with what is typed. */
      const naive = async (typed: Buffer): Promise<Buffer> => {
        const chosen: number[] = [];
        let said = Buffer.alloc(0);
        do {
          const left = typed.subarray(said.length);
          const p = await probabilitiesAfter(chosen);
          const agreeing = vocabulary.filter((token) => {
            const same = Math.min(bytes[token]!.length, left.length);
            const agrees = bytes[token]!.subarray(0, same).equals(left.subarray(0, same));
            return left.length === 0 || (same > 0 && agrees);
          });
          const best = agreeing.reduce((a, b) => (p[b]! > p[a]! ? b : a));
          chosen.push(best);
          said = Buffer.concat([said, bytes[best]!]);
        } while (said.length <= typed.length);
        return said.subarray(typed.length);
      };
      for (const line of LINES) {
        const characters = [...line];
        for (let cut = 0; cut <= characters.length; cut += 1) {
          const typed = Buffer.from(characters.slice(0, cut).join(''));
          const expected = await naive(typed);
          const healed = await generateAll(lane, prompt, { maxTokens: 1, forcedBytes: typed });
          expect([typed.toString(), healed.text]).toEqual([
            typed.toString(),
            new Utf8Stream().push(expected),
          ]);
        }
      }
    });
  });

  it('goes on as plain generation does when the forced bytes are what the model would have said', async () => {
    const prompt = await tokensOf(model, pythonSource(600));
    await inLane(model, async (lane) => {
      const plain = await generateAll(lane, prompt, { maxTokens: 16 });
      let checked = 0;
      for (let cut = 0; cut < plain.text.length; cut += 1) {
        const forced = plain.text.slice(0, cut);
        const healed = await generateAll(lane, prompt, { maxTokens: 16, forcedBytes: bytesOf(forced) });
        const whole = forced + healed.text;
        const common = Math.min(whole.length, plain.text.length);
        if (whole.slice(0, common) === plain.text.slice(0, common)) checked += 1;
      }
      // Healing picks the best token at each step, so it finds the same text again but for rare ties.
      expect(checked).toBeGreaterThanOrEqual(plain.text.length * 0.8);
    });
  });

  it('costs about one token for one more typed character', async () => {
    const prompt = await tokensOf(model, pythonSource(600));
    const [typed] = await model.tokenize(['    return width']);
    await inLane(model, async (lane) => {
      await generateAll(lane, Int32Array.of(...prompt, ...typed!.slice(0, -1)), { maxTokens: 4 });
      const before = model.counters();
      const forcedBytes = (await model.tokenBytes(typed!.slice(-1)))[0]!;
      await generateAll(lane, Int32Array.of(...prompt, ...typed!.slice(0, -1)), {
        maxTokens: 4,
        forcedBytes,
      });
      expect(model.counters().evaluatedTokens - before.evaluatedTokens).toBeLessThanOrEqual(2);
    });
  });

  it('streams a character of several tokens whole, and none that the limit cuts', async () => {
    await inLane(model, async (lane) => {
      for (const character of ['ü', '—', '日']) {
        const prompt = await tokensOf(model, `s = "${character}"\n`.repeat(16) + 's = "');
        const tokens = await tokensOf(model, character);
        expect(tokens.length).toBeGreaterThan(1);
        const whole = await generateAll(lane, prompt, { maxTokens: tokens.length });
        expect(whole.pieces).toEqual([...Array.from({ length: tokens.length - 1 }, () => ''), character]);
        const cut = await generateAll(lane, prompt, { maxTokens: tokens.length - 1 });
        expect(cut).toMatchObject({ text: '', generatedTokens: tokens.length - 1, end: 'max_tokens' });
      }
    });
  });
});

describe('cancelling', () => {
  it('acts within one chunk of the prompt and keeps what was evaluated', async () => {
    const source = (await tokensOf(model, pythonSource(6000))).slice(0, 1000);
    let kept = 0;
    const seen = await counted(() =>
      inLane(model, async (lane) => {
        await clear(lane);
        const start = model.counters().evaluatedTokens;
        const controller = new AbortController();
        const evaluation = lane.evaluate(source, { signal: controller.signal });
        evaluation.catch(() => undefined);
        while (model.counters().evaluatedTokens < start + 128) await new Promise((r) => setImmediate(r));
        const atCancel = model.counters().evaluatedTokens - start;
        controller.abort();
        await expect(evaluation).rejects.toMatchObject({ kind: 'cancelled', reason: 'CANCELLED' });
        const next = await lane.evaluate(source, { signal: never });
        kept = next.reused;
        // At most the chunk that ran when the cancel was sent, and the one begun before it arrived.
        expect(kept).toBeLessThanOrEqual(atCancel + 256);
        expect(kept).toBeGreaterThanOrEqual(128);
        expect(kept % 128).toBe(0);
        expect(next.evaluated).toBe(1000 - kept);
      }),
    );
    expect(seen.cancelled).toBe(1);
    expect(seen.evaluated).toBe(1000 + 1 + 1);
  });

  it('stops a generation before its next token', async () => {
    const prompt = await tokensOf(model, pythonSource(300));
    const seen = await counted(() =>
      inLane(model, async (lane) => {
        const controller = new AbortController();
        const generation = lane.generate(
          prompt,
          generateOptions({ maxTokens: 500, signal: controller.signal }),
        );
        for (let n = 0; n < 4; n += 1) await generation.next();
        controller.abort();
        await expect(generation.next()).rejects.toMatchObject({ kind: 'cancelled' });
      }),
    );
    expect(seen).toMatchObject({ generated: 4, cancelled: 1 });
  });

  it('passes on the reason of the signal, and does not begin what is cancelled already', async () => {
    const seen = await counted(() =>
      inLane(model, async (lane) => {
        const signal = AbortSignal.abort();
        await expect(lane.evaluate(Int32Array.of(1, 2), { signal })).rejects.toMatchObject({
          kind: 'cancelled',
        });
      }),
    );
    expect(seen.evaluated).toBe(1);
    const signal = AbortSignal.abort();
    await expect(model.acquire({ priority: 'completion', signal })).rejects.toMatchObject({
      kind: 'cancelled',
    });
  });
});

describe('lanes', () => {
  it('are served one at a time, in order, up to a bound', async () => {
    const holder = await model.acquire({ priority: 'completion', signal: never });
    const order: number[] = [];
    const waiting = [1, 2].map((n) => inLane(model, async () => void order.push(n)));
    await new Promise((resolve) => setImmediate(resolve));
    await expect(model.acquire({ priority: 'completion', signal: never })).rejects.toMatchObject({
      kind: 'resource_exhausted',
      reason: 'ENGINE_BUSY',
    });
    expect(order).toEqual([]);
    holder.release();
    holder.release();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2]);
  });

  it('cannot be used after their release, nor twice at once', async () => {
    const lane = await model.acquire({ priority: 'completion', signal: never });
    const first = lane.evaluate(Int32Array.of(1, 2, 3), { signal: never });
    await expect(lane.evaluate(Int32Array.of(1), { signal: never })).rejects.toThrow('in use');
    await first;
    lane.release();
    await expect(lane.evaluate(Int32Array.of(1), { signal: never })).rejects.toThrow('release');
    await expect(lane.generate(Int32Array.of(1), generateOptions()).next()).rejects.toThrow('release');
  });

  it('stop what still runs when they are released', async () => {
    const prompt = await tokensOf(model, pythonSource(300));
    const seen = await counted(async () => {
      const lane = await model.acquire({ priority: 'completion', signal: never });
      // A consumer that forgets its generation after two pieces.
      const generation = lane.generate(prompt, generateOptions({ maxTokens: 500 }));
      await generation.next();
      await generation.next();
      lane.release();
    });
    expect(seen.generated).toBe(2);
  });

  it('of a warm-up give way to a completion', async () => {
    const source = (await tokensOf(model, pythonSource(6000))).slice(0, 1000);
    const warm = await model.acquire({ priority: 'warm', signal: never });
    await clear(warm);
    const evaluation = warm.evaluate(source, { signal: never });
    const aborted = expect(evaluation).rejects.toMatchObject({ kind: 'aborted', reason: 'SUPERSEDED' });
    const seen = await counted(async () => {
      await inLane(model, async (lane) => {
        const { evaluated } = await lane.evaluate(Int32Array.of(1, 2, 3), { signal: never });
        expect(evaluated).toBe(3);
      });
      await aborted;
      await expect(warm.evaluate(source, { signal: never })).rejects.toMatchObject({ kind: 'aborted' });
      warm.release();
    });
    expect(seen.cancelled).toBe(1);
    expect(seen.evaluated).toBeLessThan(1000);
  });
});

describe('prefillMsPerToken', () => {
  it('is known once prompts have been evaluated', () => {
    expect(model.prefillMsPerToken()).toBeGreaterThan(0);
  });
});

describe('a rehearsal', () => {
  it('measures the speed, and counts nothing', async () => {
    const fresh = await loadNano({ chunkTokens: 64 });
    try {
      expect(fresh.prefillMsPerToken()).toBeUndefined();
      await fresh.rehearse(never);
      expect(fresh.prefillMsPerToken()).toBeGreaterThan(0);
      expect(fresh.counters()).toMatchObject({ evaluatedTokens: 0, requests: 0, cancelledRequests: 0 });
    } finally {
      await fresh.close();
    }
  });

  it('gives way to a completion, and leaves when it is told to', async () => {
    const rehearsal = model.rehearse(never);
    const evaluated = inLane(model, (lane) =>
      lane.evaluate(Int32Array.of(5, 6), { watch: [7], signal: never }),
    );
    await expect(rehearsal).rejects.toMatchObject({ reason: 'SUPERSEDED' });
    expect((await evaluated).evaluated).toBe(2);
    await expect(model.rehearse(AbortSignal.abort())).rejects.toMatchObject({ kind: 'cancelled' });
    await model.rehearse(never);
  });
});
