import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LanguageModel, ModelSpec } from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TorchLanguageModel } from './torch-model.js';

/*
 * How the process behind it is dealt with, shown on one that needs no PyTorch; what the real one answers is tested with
 * it (test/src/trainer.test.ts).
 */

/** Speaks as the process does, and does what the path of the model says. */
const STANDIN = `#!/usr/bin/env node
const say = (message) => process.stdout.write(JSON.stringify(message) + '\\n');
const does = process.argv[4];
if (does === 'refuses') { say({ type: 'refused', message: 'it is no model' }); process.exit(1); }
if (does === 'lacks') { console.error('No module named torch'); process.exit(1); }
say({ type: 'ready' });
const cancelled = [];
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  if (request.type === 'cancel') return cancelled.push(request.request);
  const { id, type, lane } = request;
  if (request.tokens[0] === 666) { console.error('out of memory'); process.exit(3); }
  if (request.tokens[0] === 404) return say({ id, type: 'failed', message: '3000 tokens do not fit' });
  if (type === 'score') return say({ id, type: 'scored', logProbabilities: [lane, ...cancelled] });
  if (type === 'generate') {
    for (const [at, bytes] of ['c3', 'a4 ', '78'].entries()) say({ id, type: 'piece', bytes: bytes.trim(), generatedTokens: at + 1 });
    if (request.maxTokens < 100) say({ id, type: 'ended', end: 'end_token' });
  }
});
`;

let directory: string;
let python: string;
const models: TorchLanguageModel[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-torch-'));
  python = join(directory, 'python');
  await writeFile(python, STANDIN);
  await chmod(python, 0o755);
});
afterEach(async () => {
  await Promise.all(models.splice(0).map((model) => model.close()));
  await rm(directory, { recursive: true, force: true });
});

const never = new AbortController().signal;
const base = {
  info: { endTokens: [1] },
  close: () => Promise.resolve(),
} as unknown as LanguageModel;
const specOf = (path: string, adapters: ModelSpec['adapters'] = []) =>
  ({ name: 'tiny', path, adapters, contextTokens: 128 }) as unknown as ModelSpec;

async function start(does = 'works', lanes = 2): Promise<TorchLanguageModel> {
  const options = { python, device: 'cpu', threads: 1, lanes, signal: never };
  const model = await TorchLanguageModel.start(base, specOf(does), options);
  models.push(model);
  return model;
}

const generation = { forcedBytes: new Uint8Array(), stopTokens: [2], signal: never };
const tokens = Int32Array.of(5, 6);

describe.skipIf(process.platform === 'win32')('a model evaluated by PyTorch', () => {
  it('says what keeps it from starting', async () => {
    await expect(start('refuses')).rejects.toMatchObject({ kind: 'unavailable', message: /it is no model/ });
    await expect(start('lacks')).rejects.toThrow(/No module named torch.*tools\/trainer\/README\.md/s);
    python = join(directory, 'nothing');
    await expect(start()).rejects.toMatchObject({ reason: 'ENGINE_UNAVAILABLE', message: /ENOENT/ });
  });

  it('wants adapters merged', async () => {
    const spec = specOf('works', [{ path: 'a.gguf', scale: 1 }]);
    const options = { python, device: 'cpu', threads: 1, lanes: 1, signal: never };
    await expect(TorchLanguageModel.start(base, spec, options)).rejects.toThrow(
      /repoformer model merge tiny/,
    );
  });

  it('does not say that it copies from prompts, for it does not', async () => {
    const { info } = await start();
    expect(info).toEqual({ endTokens: [1] });
  });

  it('gives each holder a lane of its own, and lets the others wait', async () => {
    const model = await start();
    const lanes = [await model.acquire({ signal: never }), await model.acquire({ signal: never })];
    const scores = await Promise.all(
      lanes.map((lane) => lane.logProbabilities(tokens, { from: 1, signal: never })),
    );
    expect(scores).toEqual([[0], [1]]);
    const third = model.acquire({ signal: never });
    lanes[1]!.release();
    expect(await (await third).logProbabilities(tokens, { from: 1, signal: never })).toEqual([1]);
  });

  it('puts characters together that tokens cut', async () => {
    const lane = await (await start()).acquire({ signal: never });
    const pieces = [];
    const generated = lane.generate(tokens, { ...generation, maxTokens: 9 });
    for (;;) {
      const next = await generated.next();
      if (next.done) {
        expect(next.value).toBe('end_token');
        break;
      }
      pieces.push(next.value);
    }
    expect(pieces.map(({ text }) => text)).toEqual(['', 'ä', 'x']);
    expect(pieces.at(-1)!.generatedTokens).toBe(3);
  });

  it('stops what nobody wants any more', async () => {
    const lane = await (await start()).acquire({ signal: never });
    const generated = lane.generate(tokens, { ...generation, maxTokens: 100 });
    await generated.next();
    await generated.return('max_tokens');
    // Its number is among those that were cancelled.
    expect(await lane.logProbabilities(tokens, { from: 1, signal: never })).toEqual([0, 1]);
    const controller = new AbortController();
    const waiting = lane.generate(tokens, { ...generation, maxTokens: 100, signal: controller.signal });
    for (let i = 0; i < 3; i++) await waiting.next();
    setTimeout(() => controller.abort(), 5);
    await expect(waiting.next()).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('fails what does not fit, and everything once the process is gone', async () => {
    const model = await start();
    const lane = await model.acquire({ signal: never });
    const asked = lane.evaluate(Int32Array.of(404), { signal: never });
    await expect(asked).rejects.toMatchObject({
      reason: 'PROMPT_TOO_LARGE',
      message: '3000 tokens do not fit',
    });
    await expect(lane.evaluate(Int32Array.of(666), { signal: never })).rejects.toThrow(/out of memory/);
    await expect(lane.evaluate(tokens, { signal: never })).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
