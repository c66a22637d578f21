import { execFileSync } from 'node:child_process';
import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LONG_TESTS, Scratch, treeOf, writeObject } from '@repoformer/git/testing';
import { IndexState } from '@repoformer/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, RealIndex } from './harness/index.js';
import { until } from './harness/poll.js';

/** Repositories made to harm, given to one daemon: it says what is wrong and goes on serving. */
describe('a daemon with hostile repositories', () => {
  const scratch = new Scratch();
  let daemon: Daemon;
  const objects = (where: string) => scratch.path(where, '.git/objects');
  const blob = (where: string, text: string | Buffer) =>
    writeObject(objects(where), 'blob', Buffer.from(text as string));
  const tree = (where: string, entries: Parameters<typeof treeOf>[0]) =>
    writeObject(objects(where), 'tree', treeOf(entries));
  const commitTree = (where: string, root: string) => {
    const commit = scratch.git(where, 'commit-tree', root, '-m', 'x');
    scratch.git(where, 'update-ref', 'refs/heads/main', commit);
    return commit;
  };
  const code = (name: string, lines = 45) =>
    Array.from({ length: lines }, (_, n) => `${name}_${n} = compute_${name}(${n}, shared)\n`).join('');
  const outcomeOf = async (root: string) => {
    await daemon.repositories.addRepository({ root });
    return until(
      `${root} to be done with`,
      async () => {
        const { repository } = await daemon.repositories.getRepository({ repository: root });
        const isDone = [IndexState.READY, IndexState.FAILED].includes(repository!.state);
        return isDone &&
          (repository!.state === IndexState.FAILED || repository!.indexedCommit === repository!.headCommit)
          ? repository!
          : undefined;
      },
      120_000,
    );
  };

  beforeAll(async () => {
    daemon = await Daemon.start();
  });
  afterAll(async () => {
    await daemon?.remove();
    scratch.remove();
  });

  /** It still serves, from the thread that the hostile repository was read in. */
  const expectService = async (name: string) => {
    const where = `sound-${name}`;
    scratch.init(where);
    scratch.write(`${where}/a.py`, code('alpha'));
    scratch.commit(where);
    await daemon.index(scratch.path(where));
    const { chunks } = await daemon.retrieval.retrieve({
      ...{ repository: scratch.path(where), path: 'b.py', prefix: code('alpha', 20), topK: 3 },
    });
    expect(chunks[0]?.path).toBe('a.py');
  };

  /** Ten directories, each of them ten times the same one, ten levels deep. */
  const makeBomb = (where: string) => {
    scratch.init(where);
    let below = tree(where, [['100644', 'leaf', blob(where, code('leaf'))]]);
    for (let level = 0; level < 10; level++) {
      const one = below;
      below = tree(
        where,
        Array.from({ length: 10 }, (_, n) => ['40000', `d${n}`, one] as const),
      );
    }
    commitTree(where, below);
  };

  it('refuses a tree that lists ten thousand million files', async () => {
    makeBomb('bomb');
    const index = await RealIndex.open(scratch.path('bomb-index'), { maxPaths: 20_000 });
    await index.service.add(scratch.path('bomb'));
    await index.service.settled();
    const [status] = await index.service.list();
    await index.close();
    expect(status).toMatchObject({ state: 'failed', files: 0 });
    expect(status!.problem).toMatch(/lists more than 20000 files/);
  });

  it.runIf(LONG_TESTS)('refuses it with the bound that it has by default', async () => {
    makeBomb('default-bomb');
    const refused = await outcomeOf(scratch.path('default-bomb'));
    expect(refused.state).toBe(IndexState.FAILED);
    expect(refused.problem).toMatch(/lists more than 2000000 files/);
    await expectService('bomb');
  });

  it('counts what it leaves out of a tree of odd things, by reason', async () => {
    scratch.init('odd');
    const text = blob('odd', code('odd'));
    const inner = tree('odd', [['100644', 'passwd', text]]);
    commitTree(
      'odd',
      tree('odd', [
        ...(['good.py', 'Good.py', 'n\u00e9e.py', 'ne\u0301e.py', ' lead.py', 'q"uote.py'] as const).map(
          (name) => ['100644', name, text] as const,
        ),
        ...(
          [
            '..',
            '.git',
            '.GIT',
            'a/b',
            'a\\b',
            'new\nline',
            'tab\t',
            'esc\x1b[2J',
            '',
            'x'.repeat(5000),
          ] as const
        ).map((name) => ['100644', name, text] as const),
        ['100644', Buffer.from([0xff, 0xfe]), text],
        ['40000', '.Git', inner],
        ['140000', 'socket', text],
        ['120000', 'link', blob('odd', '../../../etc/passwd')],
        ['160000', 'module', 'f'.repeat(40)],
        ['100644', 'absent.py', 'e'.repeat(40)],
        ['100644', 'tree.py', inner],
        ['100644', 'id_rsa', text],
        ['100644', 'b.bin', blob('odd', Buffer.from([0, 1, 2]))],
        ['100644', 'big.py', blob('odd', Buffer.alloc(3 << 20, 'a\n'))],
      ]),
    );
    const odd = await outcomeOf(scratch.path('odd'));
    expect(odd).toMatchObject({ state: IndexState.READY, files: 6n });
    expect(odd.skipped).toEqual({
      ...{ unsafe_path: 13n, symlink: 1n, submodule: 1n, missing: 1n, unreadable: 1n },
      ...{ secret: 1n, binary: 1n, too_large: 1n },
    });
    await expectService('odd');
  });

  it('indexes a very large directory, and then a commit to it', async () => {
    scratch.init('wide');
    const count = LONG_TESTS ? 1_000_000 : 20_000;
    const [one, other] = [blob('wide', code('one')), blob('wide', code('other'))];
    const commitWith = (changed: string) =>
      commitTree(
        'wide',
        tree('wide', [
          [
            '40000',
            'wide',
            tree(
              'wide',
              Array.from(
                { length: count },
                (_, n) => ['100644', `f${String(n).padStart(7, '0')}.py`, n === 5 ? changed : one] as const,
              ),
            ),
          ],
        ]),
      );
    commitWith(one);
    expect(await outcomeOf(scratch.path('wide'))).toMatchObject({ files: BigInt(count) });
    const commit = commitWith(other);
    await daemon.indexed(scratch.path('wide'), commit);
    const { chunks } = await daemon.retrieval.retrieve({
      ...{ repository: scratch.path('wide'), path: 'b.py', prefix: code('other', 5), topK: 1 },
    });
    expect(chunks[0]?.path).toBe('wide/f0000005.py');
  });

  it('refuses what it cannot read, and says what to do', async () => {
    scratch.init('garbage');
    scratch.write('garbage/a.py', code('a'));
    scratch.commit('garbage');
    await outcomeOf(scratch.path('garbage'));
    // The branch is replaced by something that would be waited for for ever.
    const fifo = scratch.path('garbage/fifo');
    execFileSync('mkfifo', [fifo]);
    renameSync(fifo, scratch.path('garbage/.git/refs/heads/main'));
    await daemon.repositories.notifyCommit({ repository: scratch.path('garbage') });
    const broken = await until('the trouble to be noticed', async () => {
      const { repository } = await daemon.repositories.getRepository({ repository: scratch.path('garbage') });
      return repository!.state === IndexState.FAILED ? repository! : undefined;
    });
    expect(broken.problem).toMatch(/git symbolic-ref/);
    // What was indexed is not thrown away for it.
    expect(broken.files).toBe(1n);

    scratch.init('sha256', '--object-format=sha256');
    await expect(daemon.repositories.addRepository({ root: scratch.path('sha256') })).rejects.toThrow(
      /SHA-1/,
    );
    scratch.init('reftable');
    writeFileSync(
      scratch.path('reftable/.git/config'),
      '[core]\n\trepositoryformatversion = 1\n[extensions]\n\trefStorage = reftable\n',
    );
    await expect(daemon.repositories.addRepository({ root: scratch.path('reftable') })).rejects.toThrow(
      /git refs migrate/,
    );
    scratch.write('circle/x', '');
    symlinkSync('.git', join(scratch.path('circle'), '.git'));
    await expect(daemon.repositories.addRepository({ root: scratch.path('circle') })).rejects.toThrow(
      /git init/,
    );
    await expectService('garbage');
  });
});
