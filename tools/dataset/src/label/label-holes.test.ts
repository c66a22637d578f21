import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { abortError } from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HoleRecord } from '../record.js';
import type { HoleRun } from './hole-run.js';
import { inputDigests, labelHoles, readLabels } from './label-holes.js';
import { gainInLikelihood, gainInSimilarity } from './label-record.js';
import { holeOf, runOf } from './testing.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-labels-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const signal = new AbortController().signal;
const holes = (count: number) => Array.from({ length: count }, (_, i) => holeOf(i));

describe('labelHoles', () => {
  it('labels each hole once, whatever the shards', async () => {
    const asked: string[] = [];
    const runner = {
      run: (hole: { path: string }): Promise<HoleRun> => {
        asked.push(hole.path);
        return Promise.resolve(runOf('x = 1', 'x = 2'));
      },
    };
    const all = holes(20);
    expect(await labelHoles(all, runner, { directory, shards: 4, shard: 1, signal })).toBeGreaterThan(0);
    const first = asked.length;
    expect(first).toBeLessThan(20);
    expect(await labelHoles(all, runner, { directory, shards: 3, signal })).toBe(20 - first);
    expect(await labelHoles(all, runner, { directory, signal })).toBe(0);
    expect(new Set(asked).size).toBe(20);
    expect(asked).toHaveLength(20);
    const labels = await readLabels(directory);
    expect([...labels.keys()].sort()).toEqual(all.map(({ id }) => id).sort());
  });

  it('has so many holes under way at a time, and waits for all when one fails', async () => {
    let open = 0;
    let most = 0;
    let asked = 0;
    const runner = {
      run: async (hole: { path: string }): Promise<HoleRun> => {
        asked++;
        most = Math.max(most, ++open);
        await new Promise((resolve) => setTimeout(resolve, 2));
        open--;
        if (hole.path === 'file11.py') throw new Error('crash');
        return runOf('a', 'b');
      },
    };
    const options = { directory, shards: 1, parallel: 4, signal };
    await expect(labelHoles(holes(20), runner, options)).rejects.toThrow('crash');
    expect([open, most]).toEqual([0, 4]);
    const kept = (await readLabels(directory)).size;
    expect(kept).toBeGreaterThan(6);
    expect(asked).toBeLessThan(20);
    const others = holes(20).filter(({ path }) => path !== 'file11.py');
    expect(await labelHoles(others, runner, options)).toBe(19 - kept);
  });

  it('keeps the gain of the context, cut to the lines of the truth', async () => {
    const [hole] = holes(1);
    const run = runOf('y = 3\nand = more', 'x = 1\nand = more');
    await labelHoles([hole!], { run: () => Promise.resolve(run) }, { directory, signal });
    const label = (await readLabels(directory)).get(hole!.id)!;
    // 'y = 3' and 'x = 1' of five characters: two differ.
    expect(label.variants.map(({ editSimilarity }) => editSimilarity)).toEqual([60, 100]);
    expect(gainInSimilarity(label)).toBe(40);
    expect(label.variants[1]!.exactMatch).toBe(true);
    expect(gainInLikelihood(label)).toBeCloseTo(0.5, 9);
  });

  it('labels again what was built anew with another context', async () => {
    const [hole] = holes(1);
    const runner = { run: () => Promise.resolve(runOf('a', 'b')) };
    await labelHoles([hole!], runner, { directory, shards: 2, signal });
    const chunk = { path: 'other.py', startLine: 0, endLine: 1, score: 0.1, text: 'new = text' };
    const changed: HoleRecord = { ...hole!, context: { ...hole!.context, chunks: [chunk] } };
    // Of the two files the one with the former label is read last.
    expect(await labelHoles([changed], runner, { directory, shards: 1, signal })).toBe(1);
    expect(await labelHoles([changed], runner, { directory, shards: 1, signal })).toBe(0);
    const inputs = inputDigests([changed]);
    expect((await readLabels(directory, inputs)).get(hole!.id)!.input).toBe(inputs.get(hole!.id));
  });

  it('stops when told to, and keeps what is done when the model fails', async () => {
    const controller = new AbortController();
    let runs = 0;
    const runner = {
      run: () => {
        if (++runs === 3) controller.abort();
        if (controller.signal.aborted) return Promise.reject(abortError(controller.signal));
        return Promise.resolve(runOf('a', 'b'));
      },
    };
    expect(await labelHoles(holes(9), runner, { directory, signal: controller.signal })).toBe(2);
    const broken = {
      run: () => (++runs === 6 ? Promise.reject(new Error('crash')) : Promise.resolve(runOf('a', 'b'))),
    };
    await expect(labelHoles(holes(9), broken, { directory, signal })).rejects.toThrow('crash');
    expect((await readLabels(directory)).size).toBe(4);
    expect((await readdir(directory)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  it('names the file and the line of a label that is damaged', async () => {
    const runner = { run: () => Promise.resolve(runOf('a', 'b')) };
    await labelHoles(holes(2), runner, { directory, shards: 1, signal });
    await appendFile(join(directory, 'labels-0-of-1.jsonl'), '{"schema":1,"id":"x"}\n');
    await expect(labelHoles(holes(2), runner, { directory, shards: 1, signal })).rejects.toThrow(
      /labels-0-of-1\.jsonl, line 3: /,
    );
  });
});

describe('processes side by side', () => {
  const children: ChildProcess[] = [];
  const start = (): ChildProcess => {
    const child = fork(new URL('../../dist/label/testing-worker.js', import.meta.url), [
      directory,
      '40',
      '5',
    ]);
    children.push(child);
    return child;
  };
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  it('never label a hole twice, and a kill costs at most the record at hand', async () => {
    const killed = start();
    await labelled(3);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const kept = (await readLabels(directory)).size;
    expect(kept).toBeGreaterThanOrEqual(3);
    await Promise.all([start(), start()].map((child) => once(child, 'exit')));
    const lines = await allLines();
    expect(lines).toHaveLength(40);
    expect(new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id)).size).toBe(40);
  });

  async function labelled(count: number): Promise<void> {
    while ((await allLines()).length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async function allLines(): Promise<string[]> {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.jsonl'));
    const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
    return texts.flatMap((text) => text.split('\n').slice(0, -1));
  }
});
