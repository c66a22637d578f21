import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, GitRepository, until } from './harness/index.js';

const code = (name: string, lines = 45) =>
  Array.from({ length: lines }, (_, n) => `${name}_${n} = compute_${name}(${n}, shared_value)\n`).join('');

/** With `--working-tree`, what is saved is found before it is committed. */
describe('uncommitted files', () => {
  let daemon: Daemon;
  let repository: GitRepository;

  const pathsFor = async (name: string) => {
    const { chunks } = await daemon.retrieval.retrieve({
      ...{ repository: repository.root, path: 'here.py', prefix: code(name, 20), topK: 5 },
    });
    return chunks.filter(({ text }) => text.includes(`compute_${name}`)).map(({ path }) => path);
  };
  const untilFound = (name: string, path: string | undefined) =>
    until(`${name} in ${path}`, async () => (await pathsFor(name))[0] === path || undefined);

  beforeAll(async () => {
    repository = GitRepository.create();
    repository.commit({
      'src/alpha.py': code('alpha'),
      'src/beta.py': code('beta'),
      '.gitignore': 'build/\n',
    });
    daemon = await Daemon.start({ args: ['--working-tree'] });
    await daemon.index(repository.root);
  });
  afterAll(async () => {
    await daemon?.remove();
    repository?.remove();
  });

  it('are searched as they are saved, ignored files and secrets excepted', async () => {
    expect(await pathsFor('alpha')).toContain('src/alpha.py');
    repository.write({
      'src/alpha.py': code('omega'),
      'src/new.py': code('gamma'),
      'build/out.py': code('delta'),
      '.env': code('epsilon'),
    });
    rmSync(join(repository.root, 'src/beta.py'));
    await untilFound('gamma', 'src/new.py');
    await untilFound('omega', 'src/alpha.py');
    for (const gone of ['alpha', 'beta', 'delta', 'epsilon']) expect(await pathsFor(gone), gone).toEqual([]);
    // The index stands at the commit all the same.
    expect((await daemon.indexed(repository.root)).indexedCommit).toBe(repository.head());
  });

  it('become the commit, or are given up', async () => {
    const commit = repository.commit({});
    await daemon.indexed(repository.root, commit);
    await untilFound('omega', 'src/alpha.py');
    repository.git('reset', '--quiet', '--hard', 'HEAD~1');
    await daemon.indexed(repository.root, repository.head());
    await untilFound('alpha', 'src/alpha.py');
    expect(await pathsFor('gamma')).toEqual([]);
  });
});
