import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, GitRepository } from './harness/index.js';

const file = (name: string, lines: number) =>
  Array.from(
    { length: lines },
    (_, at) => `${name}_${at} = compute_${name}(${at}, shared_value, "${name}")\n`,
  ).join('');

/** After every kind of move of HEAD, the index equals one built from scratch. */
describe('an index through history', () => {
  let daemon: Daemon;
  let fresh: Daemon;
  let repository: GitRepository;

  beforeAll(async () => {
    repository = GitRepository.create();
    repository.commit(
      Object.fromEntries(
        ['alpha', 'beta', 'gamma', 'delta'].map((name) => [`src/${name}.py`, file(name, 45)]),
      ),
    );
    [daemon, fresh] = await Promise.all([Daemon.start(), Daemon.start()]);
    await daemon.index(repository.root);
  });

  afterAll(async () => {
    await Promise.all([daemon?.remove(), fresh?.remove()]);
    repository?.remove();
  });

  const searches = async (of: Daemon) => {
    const prefixes = ['alpha', 'beta', 'gamma', 'delta', 'omega'].map((name) => file(name, 20));
    const answers = await Promise.all(
      prefixes.map((prefix) =>
        of.retrieval.retrieve({ repository: repository.root, path: 'here.py', prefix, topK: 20 }),
      ),
    );
    return answers.map(({ chunks }) =>
      chunks.map(({ path, startLine, endLine, score, text }) => ({ path, startLine, endLine, score, text })),
    );
  };

  it.each<[string, (git: GitRepository) => void]>([
    ['edit', (git) => git.commit({ 'src/beta.py': file('beta', 60) })],
    ['new file', (git) => git.commit({ 'src/omega.py': file('omega', 30) })],
    [
      'amend',
      (git) => (
        git.write({ 'src/omega.py': file('omega', 44) }),
        git.git('commit', '--all', '--amend', '--no-edit', '--quiet')
      ),
    ],
    ['delete', (git) => (git.git('rm', '--quiet', 'src/gamma.py'), git.commit({}))],
    ['rename', (git) => (git.git('mv', 'src/delta.py', 'src/renamed.py'), git.commit({}))],
    [
      'branch',
      (git) => (
        git.git('switch', '--quiet', '--create', 'side', 'HEAD~3'),
        git.commit({ 'src/side.py': file('alpha', 25) })
      ),
    ],
    ['switch back', (git) => git.git('switch', '--quiet', 'main')],
    ['rebase', (git) => (git.git('switch', '--quiet', 'side'), git.git('rebase', '--quiet', 'main'))],
    [
      'merge',
      (git) => (
        git.git('switch', '--quiet', 'main'),
        git.git('merge', '--quiet', '--no-ff', '--no-edit', 'side')
      ),
    ],
    ['ignore file', (git) => git.commit({ '.repoformerignore': 'src/alpha.py\n' })],
    ['reset', (git) => git.git('reset', '--quiet', '--hard', 'HEAD~2')],
    [
      'gc',
      (git) => (
        git.git('gc', '--quiet', '--prune=now'),
        git.commit({ 'src/after-gc.py': file('alpha', 22) })
      ),
    ],
    ['detached', (git) => git.git('checkout', '--quiet', '--detach', 'HEAD~1')],
    [
      'orphan',
      (git) => (
        git.git('switch', '--quiet', '--orphan', 'empty'),
        git.commit({ 'only.py': file('omega', 21) })
      ),
    ],
  ])('%s', async (_, move) => {
    move(repository);
    // No hooks are installed here: the daemon finds out by itself.
    const followed = await daemon.indexed(repository.root, repository.head());
    await fresh.repositories.removeRepository({ repository: repository.root }).catch(() => undefined);
    const scratch = await fresh.index(repository.root);
    expect({
      files: followed.files,
      chunks: followed.chunks,
      lines: followed.lines,
      skipped: followed.skipped,
    }).toEqual({
      files: scratch.files,
      chunks: scratch.chunks,
      lines: scratch.lines,
      skipped: scratch.skipped,
    });
    const [incremental, rebuilt] = await Promise.all([searches(daemon), searches(fresh)]);
    expect(incremental).toEqual(rebuilt);
    expect(rebuilt.flat().length).toBeGreaterThan(0);
  });
});
