import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '@repoformer/domain';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openIndexStore, type StoreNotice } from './open-index-store.js';

const formatOptions = { windowLines: 20, strideLines: 10 };
const repository = { id: '0123456789abcdef', root: '/somewhere', addedAtMs: 5 };
const built = fileURLToPath(new URL('../dist/index.js', import.meta.url));
const oid = (n: number): string => n.toString(16).padStart(40, '0');

let directory: string;
let notices: StoreNotice[];
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'store-'));
  notices = [];
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const reopen = (options: Record<string, number> = formatOptions) =>
  openIndexStore({ directory, formatOptions: options, onNotice: (notice) => notices.push(notice) });

async function fill(files = 3): Promise<void> {
  const store = await reopen();
  await store.putRepository(repository);
  await store.putArtefacts(
    Array.from({ length: files }, (_, n) => [oid(n), { kind: 'skipped', reason: 'binary' }] as const),
  );
  await store.commit({
    repository: repository.id,
    indexedCommit: oid(1),
    indexedAtMs: 6,
    rulesHash: 'r',
    replaceAll: true,
    files: Array.from({ length: files }, (_, n) => ({ path: `f${n}`, entry: { oid: oid(n) } })),
  });
  await store.close();
}

async function expectRebuilt(state: StoreNotice['state'], options?: Record<string, number>): Promise<void> {
  const store = await reopen(options);
  expect(notices.map((notice) => notice.state)).toEqual([state]);
  expect(store.repositories()).toEqual([repository]);
  expect([...store.files(repository.id)]).toEqual([]);
  expect(store.hasArtefact(oid(0))).toBe(false);
  await store.putArtefacts([[oid(0), { kind: 'skipped', reason: 'binary' }]]);
  await store.close();
  notices = [];
  const again = await reopen(options);
  expect(notices).toEqual([]);
  expect(again.hasArtefact(oid(0))).toBe(true);
  await again.close();
}

describe('openIndexStore', () => {
  it('starts an absent store without a word and keeps an equal one', async () => {
    await fill();
    const store = await reopen();
    expect(notices).toEqual([]);
    expect([...store.files(repository.id)].length).toBe(3);
    expect(store.repositories()[0]!.indexedCommit).toBe(oid(1));
    await store.close();
  });

  it('rebuilds with other options, keeping the registered repositories', async () => {
    await fill();
    await expectRebuilt('options_mismatch', { windowLines: 30, strideLines: 10 });
  });

  it('takes the order of options as meaningless', async () => {
    await fill();
    const store = await reopen({ strideLines: 10, windowLines: 20 });
    expect(notices).toEqual([]);
    await store.close();
  });

  it('rebuilds a store of another format version', async () => {
    await fill();
    const raw = open({ path: join(directory, 'index.mdb'), noSubdir: true, encoding: 'string' });
    await raw.put('format', JSON.stringify({ version: 99, options: '' }));
    await raw.close();
    await expectRebuilt('version_mismatch');
  });

  it('sets a database aside that says nothing of its format', async () => {
    await fill();
    const raw = open({ path: join(directory, 'index.mdb'), noSubdir: true, encoding: 'string' });
    await raw.remove('format');
    await raw.close();
    await expectRebuilt('corrupt');
  });

  const path = (): string => join(directory, 'index.mdb');
  const damages: Record<string, () => void> = {
    'cut in half': () => truncateSync(path(), readFileSync(path()).length >> 1),
    'cut inside the header': () => truncateSync(path(), 1_000),
    'short of its last page': () => truncateSync(path(), readFileSync(path()).length - 4096),
    'overwritten with garbage': () => writeFileSync(path(), Buffer.alloc(100_000, 0x5a)),
    'overwritten with text': () => writeFileSync(path(), 'hello'),
    'replaced by a directory': () => {
      rmSync(path());
      mkdirSync(path());
    },
  };
  for (const [name, damage] of Object.entries(damages)) {
    it(`sets a database aside that is ${name}`, async () => {
      await fill(500);
      damage();
      await expectRebuilt('corrupt');
      expect(readdirSync(directory).filter((file) => file.endsWith('.corrupt.aside.mdb'))).toHaveLength(1);
    });
  }

  const innerDamages: Record<string, (bytes: Buffer) => void> = {
    'zeroed behind the header': (bytes) => bytes.fill(0, 8192),
    'garbled in every page': (bytes) => {
      for (let i = 8192; i < bytes.length; i += 4096) bytes.fill(0xff, i, i + 64);
    },
  };
  for (const [name, damage] of Object.entries(innerDamages)) {
    it(`gets past a database ${name}, though opening it may kill the process a few times`, async () => {
      await fill(500);
      const bytes = readFileSync(path());
      damage(bytes);
      writeFileSync(path(), bytes);
      const outcomes: string[] = [];
      for (let attempt = 0; attempt < 5 && outcomes.at(-1) !== 'usable'; attempt++) {
        const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', prelude() + READ_ALL]);
        outcomes.push(String(stdout).trim() || 'died');
      }
      expect(outcomes.at(-1)).toBe('usable');
      const store = await reopen();
      expect(store.repositories()).toEqual([repository]);
      await store.close();
    });
  }

  it('keeps repositories when the database is deleted by hand', async () => {
    await fill();
    rmSync(path());
    await expectRebuilt('missing');
  });

  it('survives a damaged list of repositories: the database has it too', async () => {
    await fill();
    writeFileSync(join(directory, 'repositories.json'), '[{"id":7},');
    const store = await reopen();
    expect(store.repositories()).toHaveLength(1);
    await store.close();
    expect(JSON.parse(readFileSync(join(directory, 'repositories.json'), 'utf8'))).toEqual([repository]);
  });

  it('keeps one database set aside, the last', async () => {
    await fill();
    for (const windowLines of [1, 2, 3]) await (await reopen({ windowLines })).close();
    expect(readdirSync(directory).filter((file) => file.includes('.aside.'))).toHaveLength(1);
  });

  it('gives a store up whose opening killed the process three times', async () => {
    await fill();
    writeFileSync(join(directory, 'starting'), '2');
    let store = await reopen();
    expect(notices).toEqual([]);
    await store.close();
    expect(existsSync(join(directory, 'starting'))).toBe(false);
    writeFileSync(join(directory, 'starting'), '3');
    store = await reopen();
    expect(notices).toMatchObject([{ state: 'corrupt' }]);
    expect(store.repositories()).toEqual([repository]);
    await store.close();
  });

  it('says so when the directory cannot be made', async () => {
    writeFileSync(join(directory, 'file'), '');
    const error: unknown = await openIndexStore({
      directory: join(directory, 'file', 'index'),
      formatOptions,
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ kind: 'unavailable', reason: 'STORE_UNAVAILABLE' });
  });
});

describe('the lock of the directory', () => {
  const inUse = { kind: 'failed_precondition', reason: 'STORE_IN_USE' };

  it('refuses a second opening in the same process until the first is closed', async () => {
    const first = await reopen();
    await expect(reopen()).rejects.toMatchObject(inUse);
    await first.close();
    await (await reopen()).close();
  });

  it('refuses a second process while the first lives, and takes over when it is killed', async () => {
    const child = start(`
      const store = await openIndexStore({ directory, formatOptions });
      console.log('open');
      setInterval(() => store.repositories(), 1000);
    `);
    await line(child, 'open');
    await expect(reopen()).rejects.toMatchObject({ ...inUse, meta: { pid: String(child.pid) } });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await reopen()).close();
  });

  it('takes over from a process whose number was given to another', async () => {
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.pid, started: 'another time' }));
    await (await reopen()).close();
    if (existsSync('/proc/1/stat')) {
      writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.ppid, started: 'another time' }));
      await (await reopen()).close();
    }
  });

  it('takes over a lock that is no record', async () => {
    for (const text of ['', 'x', 'null', '{"pid":-1}', '{"pid":"1"}']) {
      writeFileSync(join(directory, 'lock'), text);
      await (await reopen()).close();
    }
  });

  it('goes to exactly one of several processes that find a stale one', async () => {
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: 'x' }));
    const body = `
      let store;
      try { store = await openIndexStore({ directory, formatOptions }); console.log('won'); }
      catch (error) { console.log(error.reason); }
      process.stdin.resume();
      process.stdin.on('end', () => process.exit());
    `;
    const rivals = [start(body), start(body), start(body)];
    const said = await Promise.all(rivals.map((rival) => line(rival)));
    expect(said.sort()).toEqual(['STORE_IN_USE', 'STORE_IN_USE', 'won']);
  });
});

describe('a crash', () => {
  it('leaves the state before or after a commit, whenever the process is killed', async () => {
    await fill(0);
    let last = -1;
    for (let round = 0; round < 8; round++) {
      const child = start(`
        const store = await openIndexStore({ directory, formatOptions, onNotice: (n) => console.log('notice ' + n.state) });
        const oid = (n) => n.toString(16).padStart(40, '0');
        for (let n = ${last + 1}; ; n++) {
          await store.putArtefacts(Array.from({ length: 50 }, (_, i) => [oid(n * 50 + i),
            { kind: 'indexed', data: new Uint8Array(300).fill(n), lines: n, windows: i }]));
          await store.commit({ repository: '${repository.id}', indexedCommit: oid(n), indexedAtMs: n, rulesHash: '',
            replaceAll: n % 7 === 0,
            files: Array.from({ length: 50 }, (_, i) => ({ path: 'f' + i, entry: { oid: oid(n * 50 + i) } })) });
          console.log('done ' + n);
        }
      `);
      let acknowledged = last;
      const killAfter = 3 + round * 4;
      for await (const text of lines(child)) {
        expect(text).toMatch(/^done/);
        acknowledged = Number(text.split(' ')[1]);
        if (acknowledged >= last + killAfter) break;
      }
      child.kill('SIGKILL');
      await once(child, 'exit');
      const store = await reopen();
      expect(notices).toEqual([]);
      const commit = Number.parseInt(store.repositories()[0]!.indexedCommit!, 16);
      expect(commit).toBeGreaterThanOrEqual(acknowledged);
      const files = [...store.files(repository.id)];
      expect(files).toHaveLength(50);
      for (const { path, entry } of files) {
        expect(entry).toEqual({ oid: oid(commit * 50 + Number(path.slice(1))) });
        expect(store.artefact(entry.oid!)).toMatchObject({ kind: 'indexed', lines: commit });
      }
      await store.close();
      last = commit;
    }
  });

  it('of the disk (a file that may not grow) is told, and what was there stays', () => {
    // POSIX shells limit the size of files a process may write; Windows has no such limit.
    if (process.platform === 'win32') return;
    const script = `
      import { openIndexStore } from ${JSON.stringify(built)};
      process.on('SIGXFSZ', () => {});
      const store = await openIndexStore({ directory: ${JSON.stringify(directory)}, formatOptions: {} });
      const oid = (n) => n.toString(16).padStart(40, '0');
      const put = (n, bytes) => store.putArtefacts([[oid(n),
        { kind: 'indexed', data: new Uint8Array(bytes), lines: 1, windows: 1 }]]);
      await put(1, 1000);
      const error = await put(2, 8_000_000).catch((reason) => reason);
      console.log([error?.kind, error?.reason, store.hasArtefact(oid(1)), store.hasArtefact(oid(2))].join(' '));
      await put(3, 1000);
      console.log(String(store.hasArtefact(oid(3))));
      await store.close();
    `;
    writeFileSync(join(directory, 'run.mjs'), script);
    const { stdout, stderr } = spawnSync(
      'sh',
      ['-c', `ulimit -f 4000; exec "${process.execPath}" "${join(directory, 'run.mjs')}"`],
      { encoding: 'utf8' },
    );
    expect(stdout + stderr).toBe('unavailable STORE_UNAVAILABLE true false\ntrue\n');
  });
});

/** Reads and writes as a start of the index does; a clean error counts as a start that went wrong. */
const READ_ALL = `
  try {
    const store = await openIndexStore({ directory, formatOptions });
    for (const { id } of store.repositories()) for (const { entry } of store.files(id)) store.artefact(entry.oid);
    await store.putRepository({ id: '0123456789abcdef', root: '/somewhere', addedAtMs: 5 });
    console.log('usable');
    await store.close();
  } catch (error) { console.log(error.reason); process.exit(1); }
`;

function prelude(): string {
  return `
    import { openIndexStore } from ${JSON.stringify(built)};
    const directory = ${JSON.stringify(directory)};
    const formatOptions = ${JSON.stringify(formatOptions)};
  `;
}

function start(body: string): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '-e', prelude() + body], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function* lines(child: ChildProcess): AsyncGenerator<string> {
  let rest = '';
  for await (const part of child.stdout!.iterator({ destroyOnReturn: false })) {
    const pieces = (rest + String(part)).split('\n');
    rest = pieces.pop()!;
    yield* pieces;
  }
}

async function line(child: ChildProcess, expected?: string): Promise<string> {
  for await (const text of lines(child)) {
    if (expected) expect(text).toBe(expected);
    return text;
  }
  throw new Error('the process said nothing');
}
