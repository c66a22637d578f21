import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { deflateZeros, Scratch, treeOf, writeLoose, writeObject, writePack } from '@repoformer/git/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, until } from './harness/index.js';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const BLOB = 3;
const OFFSET_DELTA = 6;
/** Any names will do: what is not inflated is not hashed. */
const [LOOSE, PACKED, DELTA] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [string, string, string];

const code = (name: string) =>
  Array.from({ length: 45 }, (_, n) => `${name}_${n} = compute_${name}(${n}, shared)\n`).join('');

/** The most memory that a process has ever had. */
function peakMemoryBytes(pid: number): number {
  return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

/** Files of two gibibytes, committed and not, given to a daemon: it has not the memory for one of them. */
describe.runIf(existsSync('/proc/self/status'))('a daemon with files of two gibibytes (Linux)', () => {
  const scratch = new Scratch();
  let daemon: Daemon;

  beforeAll(async () => {
    daemon = await Daemon.start({ args: ['--working-tree'] });
  });
  afterAll(async () => {
    await daemon?.remove();
    scratch.remove();
  });

  const pathsFor = async (name: string) => {
    const { chunks } = await daemon.retrieval.retrieve({
      ...{ repository: scratch.path('huge'), path: 'here.py', prefix: code(name).slice(0, 600), topK: 5 },
    });
    return chunks.filter(({ text }) => text.includes(`compute_${name}`)).map(({ path }) => path);
  };

  it('leaves them out without reading them', async () => {
    scratch.init('huge');
    const objects = scratch.path('huge', '.git/objects');
    writeLoose(objects, LOOSE, deflateZeros(Buffer.from(`blob ${2 * GIB}\0`), 2048));
    // Takes the first four bytes of its base.
    const delta = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x08, 4, 0x90, 4]);
    writePack(objects, [
      { oid: PACKED, type: BLOB, sizeBytes: 2 * GIB, stream: deflateZeros(Buffer.alloc(0), 2048) },
      { oid: DELTA, type: OFFSET_DELTA, sizeBytes: delta.length, base: 0, stream: deflateSync(delta) },
    ]);
    const tree = treeOf([
      ['100644', '.gitattributes', LOOSE],
      ['100644', '.repoformerignore', PACKED],
      ['100644', 'delta.py', DELTA],
      ['100644', 'good.py', writeObject(objects, 'blob', Buffer.from(code('alpha')))],
      ['100644', 'loose.py', LOOSE],
      ['100644', 'packed.py', PACKED],
    ]);
    const commit = scratch.git('huge', 'commit-tree', writeObject(objects, 'tree', tree), '-m', 'x');
    scratch.git('huge', 'update-ref', 'refs/heads/main', commit);
    // Holes in the file system, but full of zeros to whoever reads them.
    for (const name of ['untracked.py', '.gitignore']) {
      scratch.write(`huge/${name}`, '');
      truncateSync(scratch.path('huge', name), 2 * GIB);
    }
    scratch.write('huge/new.py', code('gamma'));

    await daemon.index(scratch.path('huge'));
    // What is new in the working tree is found once all of it has been looked at.
    await until('the new file to be found', async () => (await pathsFor('gamma')).includes('new.py'));
    // 130 MiB without these files.
    expect(peakMemoryBytes(daemon.process.pid!)).toBeLessThan(700 * MIB);
    const { repository } = await daemon.repositories.getRepository({ repository: scratch.path('huge') });
    expect(repository).toMatchObject({ files: 2n, skipped: { too_large: 7n } });
    expect(await pathsFor('alpha')).toContain('good.py');
  });
});
