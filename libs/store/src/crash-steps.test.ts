import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openIndexStore, type StoreNotice } from './open-index-store.js';

const built = fileURLToPath(new URL('../dist/index.js', import.meta.url));
const formatOptions = { windowLines: 20 };
const id = '0123456789abcdef';
const other = 'fedcba9876543210';
const oid = (n: number): string => n.toString(16).padStart(40, '0');

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'crash-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/**
 * Does everything a store is asked to do, and kills itself at a step: before a call that changes files, between the
 * first half of a write and the second, and between two items of what is being written. What is done is told.
 */
const program = (round: number, step: number) => `
  import fs, { writeSync } from 'node:fs';
  import promises from 'node:fs/promises';
  import { syncBuiltinESMExports } from 'node:module';
  let left = ${step};
  const tick = () => { if (left-- === 0) process.kill(process.pid, 'SIGKILL'); };
  const say = (text) => writeSync(1, text + '\\n');
  const handle = await promises.open(process.execPath);
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const { write, datasync } = prototype;
  prototype.write = async function (bytes, at = 0) {
    tick();
    const half = at + Math.ceil((bytes.length - at) / 2);
    const { bytesWritten } = await write.call(this, bytes, at, half - at);
    tick();
    return { bytesWritten: bytesWritten + (half < bytes.length ? (await write.call(this, bytes, half)).bytesWritten : 0) };
  };
  prototype.datasync = async function () { tick(); return datasync.call(this); };
  for (const [module, names] of [[fs, ['writeFileSync', 'renameSync', 'linkSync', 'fsyncSync']], [promises, ['rename', 'rm']]]) {
    for (const name of names) {
      const original = module[name];
      module[name] = (...args) => { tick(); return original(...args); };
    }
  }
  syncBuiltinESMExports();
  const { openIndexStore } = await import(${JSON.stringify(built)});
  const oid = (n) => n.toString(16).padStart(40, '0');
  const each = function* (count, make) { for (let n = 0; n < count; n++) { tick(); yield make(n); } };
  const store = await openIndexStore({ directory: ${JSON.stringify(directory)}, formatOptions: ${JSON.stringify(formatOptions)},
    onNotice: ({ state }) => say('notice ' + state) });
  const known = store.repositories().map((each) => each.id);
  for (const id of ['${id}', '${other}']) if (!known.includes(id)) await store.putRepository({ id, root: '/' + id, addedAtMs: 1 });
  await store.putArtefacts(each(3, (n) => [oid(${round * 100} + n), { kind: 'indexed', data: Uint8Array.of(n), lines: ${round}, windows: n }]));
  await store.commit({ repository: '${id}', indexedCommit: oid(${round}), indexedAtMs: 1, rulesHash: '', replaceAll: ${round % 2 === 0},
    files: each(3, (n) => ({ path: 'f' + n, entry: { oid: oid(${round * 100} + n) } })) });
  say('committed');
  tick();
  await store.putSnapshot('${id}', each(2, (n) => new Uint8Array(1000 * n + 10).fill(${round})));
  say('saved');
  await store.putSnapshot('${other}', each(1, () => Uint8Array.of(9)));
  tick();
  await store.collectGarbage(3);
  tick();
  await store.removeRepository('${other}');
  say('removed');
  await store.close();
  say('done');
`;

/** The round that a snapshot is of, all of it; -1 where there is none. */
function roundOf(sections: readonly Uint8Array[] | undefined): number {
  if (sections === undefined) return -1;
  const rounds = new Set(sections.flatMap((section) => [...section]));
  expect(rounds.size).toBe(1);
  expect(sections.map(({ length }) => length)).toEqual([10, 1010]);
  return [...rounds][0]!;
}

it('leaves the state before or after each change, at whatever step the process is killed', async () => {
  let committed = -1;
  let saved = -1;
  let steps = -1;
  // The first round goes through, so that there is something to lose in all others.
  for (let isDone = false; !isDone || steps === 0; steps++) {
    const round = steps + 1;
    const source = program(round, steps);
    const { stdout, stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
      encoding: 'utf8',
    });
    const said = stdout.split('\n');
    isDone = said.includes('done');
    expect(stderr + (signal ?? '')).toBe(isDone ? '' : 'SIGKILL');
    expect(stdout).not.toContain('notice');

    const notices: StoreNotice[] = [];
    const store = await openIndexStore({
      directory,
      formatOptions,
      onNotice: (notice) => notices.push(notice),
    });
    // Killed between the list of repositories and the database, the list counts.
    expect(notices.filter(({ state }) => state !== 'missing')).toEqual([]);
    const record = store.repositories().find((each) => each.id === id);
    const found = record?.indexedCommit === undefined ? -1 : Number.parseInt(record.indexedCommit, 16);
    expect(said.includes('committed') ? [round] : [committed, round]).toContain(found);
    committed = found;
    const files = [...store.files(id)];
    expect(files).toHaveLength(found < 0 ? 0 : 3);
    for (const { path, entry } of files) {
      expect(entry).toEqual({ oid: oid(found * 100 + Number(path.slice(1))) });
      expect(store.artefact(entry.oid!)).toMatchObject({ kind: 'indexed', lines: found });
    }

    const snapshot = roundOf(await store.snapshot(id));
    expect(said.includes('saved') ? [round] : [saved, round]).toContain(snapshot);
    saved = snapshot;
    if (said.includes('removed')) expect(store.repositories().map((each) => each.id)).toEqual([id]);
    await store.close();
  }
  expect(steps).toBeGreaterThan(30);
  // What a crash left lying about is gone, or the next one writes over it.
  expect(readdirSync(join(directory, 'snapshots'))).toEqual([`${id}.bin`]);
}, 180_000);
