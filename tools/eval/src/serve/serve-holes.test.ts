import { appendFile, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryLock } from '@repoformer/dataset';
import { abortError } from '@repoformer/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sketchHoleRecord } from '../testing.js';
import type { HoleServer } from './hole-server.js';
import { serveHoles } from './serve-holes.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repoformer-serve-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const HOLES = ['a', 'b', 'c'].map((id) => ({
  hole: sketchHoleRecord({ id, completions: [] }),
  repositoryId: `id of ${id}`,
}));
const file = () => join(directory, 'requests.jsonl');

/** A server that measures nothing, and remembers what it was asked. */
function counting(onServe: (count: number) => void = () => undefined) {
  const asked: string[] = [];
  const serve: HoleServer['serve'] = (hole, repository) => {
    asked.push(repository);
    onServe(asked.length);
    const { id, path, kind } = hole;
    return Promise.resolve({ schema: 1, id, repository: hole.repository, path, kind, requests: [] });
  };
  return { asked, serve };
}
const run = (server: Pick<HoleServer, 'serve'>, signal = new AbortController().signal) =>
  serveHoles(HOLES, server, { directory, modes: ['never'], signal });

describe('serveHoles', () => {
  it('measures what is not measured yet, also after a kill', async () => {
    const first = counting();
    expect(await run(first)).toHaveLength(3);
    expect(first.asked).toEqual(['id of a', 'id of b', 'id of c']);
    const whole = await readFile(file(), 'utf8');
    await truncate(file(), whole.length - 3);
    const second = counting();
    expect((await run(second)).map(({ id }) => id)).toEqual(HOLES.map(({ hole }) => hole.id));
    expect(second.asked).toEqual(['id of c']);
    expect(await readFile(file(), 'utf8')).toBe(whole);
  });

  it('gives what there is when it is stopped', async () => {
    const controller = new AbortController();
    const server = counting((count) => {
      if (count < 2) return;
      controller.abort();
      throw abortError(controller.signal);
    });
    expect(await run(server, controller.signal)).toHaveLength(1);
    const rest = counting();
    await run(rest);
    expect(rest.asked).toEqual(['id of b', 'id of c']);
  });

  it('passes on what went wrong, and keeps what was measured', async () => {
    const failing = counting((count) => {
      if (count === 2) throw new Error('the model fell over');
    });
    await expect(run(failing)).rejects.toThrow('the model fell over');
    expect((await readFile(file(), 'utf8')).trimEnd().split('\n')).toHaveLength(1);
  });

  it('is one process’s work, and names a line that is none of its own', async () => {
    const lock = await tryLock(`${file()}.lock`);
    await expect(run(counting())).rejects.toMatchObject({ kind: 'unavailable' });
    await lock?.release();
    await appendFile(file(), '{"schema":2}\n');
    await expect(run(counting())).rejects.toThrow(/requests\.jsonl, line 1: schema/);
  });
});
