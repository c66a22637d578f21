import { fork } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LlamaLanguageModel } from './llama-language-model.js';
import { loadLanguageModel, type LoadOptions } from './load-language-model.js';
import {
  NANO_MODEL,
  generateAll,
  generateOptions,
  inLane,
  isAlive,
  loadNano,
  nanoSpec,
  never,
  pythonSource,
  tokensOf,
  until,
} from './test-support.js';

const CRASHED = { kind: 'unavailable', reason: 'ENGINE_CRASHED' };

async function withModel(use: (model: LlamaLanguageModel) => Promise<void>, options?: LoadOptions) {
  const model = await loadNano(options);
  try {
    await use(model);
  } finally {
    await model.close();
  }
}

const kill = (model: LlamaLanguageModel) => process.kill(model.processId!, 'SIGKILL');

describe('a killed inference process', () => {
  it('fails only what was under way, and is back for the next request', async () => {
    await withModel(
      async (model) => {
        const source = (await tokensOf(model, pythonSource(6000))).slice(0, 1000);
        const prompt = source.slice(0, 100);
        const before = await inLane(model, (lane) => generateAll(lane, prompt));

        // In the middle of a generation; another request and a question wait.
        const lane = await model.acquire({ priority: 'completion', signal: never });
        const generation = lane.generate(prompt, generateOptions({ maxTokens: 500 }));
        await generation.next();
        const waiting = inLane(model, (next) => generateAll(next, prompt));
        const first = model.processId;
        kill(model);
        await expect(generation.next()).rejects.toMatchObject(CRASHED);
        // The lane belonged to the process that is gone.
        await expect(lane.evaluate(prompt, { signal: never })).rejects.toMatchObject(CRASHED);
        lane.release();
        expect(await waiting).toEqual(before);
        expect(model.processId).not.toBe(first);
        expect(model.counters().restarts).toBe(1);

        // Who cancels does not wait for the new process, and leaves the turn to the next.
        kill(model);
        await until(() => model.processId === undefined);
        const controller = new AbortController();
        const impatient = model.acquire({ priority: 'completion', signal: controller.signal });
        controller.abort();
        await expect(impatient).rejects.toMatchObject({ kind: 'cancelled' });

        // In the middle of a prompt.
        await expect(
          inLane(model, async (next) => {
            const start = model.counters().evaluatedTokens;
            const evaluation = next.evaluate(source, { signal: never });
            evaluation.catch(() => undefined);
            await until(() => model.counters().evaluatedTokens > start);
            kill(model);
            await evaluation;
          }),
        ).rejects.toMatchObject(CRASHED);
        const counters = model.counters();
        expect(counters.evaluatedTokens).toBeGreaterThan(2 * prompt.length);
        // Questions wait for the new process as well.
        expect(await tokensOf(model, pythonSource(6000).slice(0, 200))).toHaveLength(
          (await tokensOf(model, pythonSource(200).slice(0, 200))).length,
        );
        expect(await inLane(model, (next) => generateAll(next, prompt))).toEqual(before);
        expect(model.counters().restarts).toBe(3);
        expect(model.counters().evaluatedTokens).toBe(counters.evaluatedTokens + prompt.length);
      },
      { restart: { backoffMs: 1 } },
    );
  });

  it('that keeps dying stays down, and is tried again by whoever asks', async () => {
    const log: string[] = [];
    await withModel(
      async (model) => {
        kill(model);
        await until(() => model.processId === undefined);
        await until(() => model.processId !== undefined);
        kill(model);
        await until(() => log.some((line) => line.includes('stays down')));
        expect(model.counters().restarts).toBe(1);
        await inLane(model, (lane) => lane.evaluate(Int32Array.of(1, 2), { signal: never }));
        expect(model.counters().restarts).toBe(2);
      },
      { restart: { quickDeaths: 2, backoffMs: 1 }, log: (_, message) => void log.push(message) },
    );
  });

  it('whose model has gone bad meanwhile says so, each time it is asked', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'engine-restart-'));
    const path = join(folder, 'model.gguf');
    await copyFile(NANO_MODEL, path);
    const model = await loadLanguageModel(nanoSpec({ path }));
    try {
      await rm(path);
      await writeFile(path, 'no model');
      kill(model);
      await until(() => model.processId === undefined);
      for (let n = 0; n < 2; n += 1) {
        const lane = model.acquire({ priority: 'completion', signal: never });
        await expect(lane).rejects.toMatchObject({ kind: 'failed_precondition', reason: 'MODEL_INVALID' });
      }
      await copyFile(NANO_MODEL, path);
      await inLane(model, (lane) => lane.evaluate(Int32Array.of(1), { signal: never }));
    } finally {
      await model.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('a question', () => {
  it('is asked again when the process dies under it', async () => {
    await withModel(async (model) => {
      const known = await tokensOf(model, 'x = 1');
      const first = model.processId!;
      process.kill(first, 'SIGSTOP');
      const tokens = tokensOf(model, 'x = 1');
      process.kill(first, 'SIGKILL');
      expect(await tokens).toEqual(known);
      expect(model.counters().restarts).toBe(1);
    });
  });

  it('to a process that hangs can be given up, and has it killed', async () => {
    await withModel(
      async (model) => {
        const stuck = model.processId!;
        process.kill(stuck, 'SIGSTOP');
        const controller = new AbortController();
        const bytes = model.tokenBytes(Int32Array.of(1), controller.signal);
        const givenUp = expect(bytes).rejects.toMatchObject({ kind: 'cancelled' });
        // Once the question has been put.
        await new Promise((resolve) => setImmediate(resolve));
        controller.abort();
        await givenUp;
        await until(() => !isAlive(stuck));
        expect(await tokensOf(model, 'x')).toHaveLength(1);
      },
      { stuckTimeoutMs: 100 },
    );
  });
});

describe('a process that hangs', () => {
  it('is killed when a cancelled request does not end or the model is closed', async () => {
    await withModel(
      async (model) => {
        const source = (await tokensOf(model, pythonSource(6000))).slice(0, 1000);
        const stuck = model.processId!;
        const controller = new AbortController();
        const evaluation = inLane(model, (lane) => lane.evaluate(source, { signal: controller.signal }));
        const failed = expect(evaluation).rejects.toMatchObject({ kind: 'cancelled' });
        await until(() => model.counters().evaluatedTokens > 0);
        process.kill(stuck, 'SIGSTOP');
        controller.abort();
        await failed;
        await until(() => !isAlive(stuck));
        await inLane(model, (lane) => lane.evaluate(Int32Array.of(1), { signal: never })).catch((error) => {
          // The lane may have been given before the death was noticed.
          expect(error).toMatchObject(CRASHED);
        });
        await inLane(model, (lane) => lane.evaluate(Int32Array.of(1), { signal: never }));
        expect(model.counters().restarts).toBe(1);
        const deaf = model.processId!;
        process.kill(deaf, 'SIGSTOP');
        await model.close();
        expect(isAlive(deaf)).toBe(false);
      },
      { stuckTimeoutMs: 100, closeTimeoutMs: 50 },
    );
  });
});

describe('close', () => {
  it('ends the process in the middle of its work, and every request with it', async () => {
    const model = await loadNano();
    const source = (await tokensOf(model, pythonSource(6000))).slice(0, 1000);
    const lane = await model.acquire({ priority: 'completion', signal: never });
    const evaluation = lane.evaluate(source, { signal: never });
    const processId = model.processId!;
    const gone = { kind: 'unavailable', reason: 'MODEL_NOT_LOADED' };
    const failed = expect(evaluation).rejects.toMatchObject(gone);
    await model.close();
    await failed;
    expect(isAlive(processId)).toBe(false);
    expect(model.processId).toBeUndefined();
    await expect(model.tokenize(['x'])).rejects.toMatchObject(gone);
    lane.release();
    await expect(model.acquire({ priority: 'completion', signal: never })).rejects.toMatchObject(gone);
    await model.close();
  });

  it('does not wait for a restart that is under way', async () => {
    const model = await loadNano();
    kill(model);
    await until(() => model.processId === undefined);
    const waiting = model.acquire({ priority: 'completion', signal: never });
    const failed = expect(waiting).rejects.toMatchObject({ reason: 'MODEL_NOT_LOADED' });
    await model.close();
    await failed;
    expect(model.processId).toBeUndefined();
  });
});

describe('the end of the daemon', () => {
  // A daemon in miniature that loads the model and then generates for ever.
  const DAEMON = `
    import { loadLanguageModel } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    const model = await loadLanguageModel(${JSON.stringify(nanoSpec())});
    process.send(model.processId);
    const signal = new AbortController().signal;
    const lane = await model.acquire({ priority: 'completion', signal });
    for (;;) {
      await lane.evaluate(new Int32Array(1000).fill(100), { signal });
      await lane.evaluate(new Int32Array(1000).fill(101), { signal });
    }`;

  it('leaves no orphan, even in the middle of work', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'engine-daemon-'));
    const file = join(folder, 'daemon.mjs');
    await writeFile(file, DAEMON);
    const daemon = fork(file, [], { execArgv: [] });
    try {
      const processId = await new Promise<number>((resolve) =>
        daemon.once('message', (id) => resolve(id as number)),
      );
      expect(isAlive(processId)).toBe(true);
      daemon.kill('SIGKILL');
      await until(() => !isAlive(processId));
    } finally {
      daemon.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  });
});
