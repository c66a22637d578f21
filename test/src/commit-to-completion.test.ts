import { ContextOutcome, DecisionOutcome, RetrievalMode } from '@repoformer/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, GitRepository, runCli } from './harness/index.js';

/** The main job, through git, hooks, daemon and command line, as a user meets it. */
describe('from a commit to a completion', () => {
  let daemon: Daemon;
  let repository: GitRepository;
  const cli = (...args: string[]) =>
    runCli(args, {
      cwd: repository.root,
      env: {
        REPOFORMER_DATA_DIR: daemon.dataDirectory,
        REPOFORMER_SOCKET: daemon.address.slice('unix:'.length),
      },
    });

  beforeAll(async () => {
    repository = GitRepository.create('my project');
    repository.commit({
      'app.py':
        'from pricing import quibbled_total\n\n\ndef invoice(items, rate):\n    """What the customer pays."""\n    return \n',
      'README.md': '# A shop\n',
    });
    daemon = await Daemon.start();
  });

  afterAll(async () => {
    await daemon?.remove();
    repository?.remove();
  });

  it('indexes a commit that only a hook reported, and retrieves from it', async () => {
    expect(await cli('repo', 'add', '.')).toMatchObject({ code: 0 });
    expect(await cli('hooks', 'install', '.')).toMatchObject({ code: 0 });
    await daemon.indexed(repository.root);

    const commit = repository.commit({
      'pricing.py':
        'def quibbled_total(items, rate):\n    """Sum of the items with the rate on top."""\n    return sum(items) * (1 + rate)\n',
    });
    await daemon.indexed(repository.root, commit);

    const status = await cli('repo', 'status', '.', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({
      repository: { indexedCommit: commit, headCommit: commit, state: 'INDEX_STATE_READY' },
    });

    const completed = await cli('complete', 'app.py:6:12', '--mode', 'always', '--json');
    expect(completed.code, completed.stderr).toBe(0);
    const events = completed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(Object.keys(events[0]!)).toEqual(expect.arrayContaining(['completionId', 'decision']));
    const context = events.find((event) => 'context' in event)!['context'] as {
      outcome: string;
      chunks: { path: string }[];
    };
    expect(context.outcome).toBe('CONTEXT_OUTCOME_USED');
    expect(context.chunks.map((chunk) => chunk.path)).toContain('pricing.py');
    const finished = events.at(-1)!['finished'] as { text?: string };
    const texts = events.flatMap((event) =>
      'text' in event ? [(event['text'] as { text: string }).text] : [],
    );
    expect(finished.text ?? '').toBe(texts.join(''));
  });

  it('takes over what only another file says, which the model alone does not', async () => {
    const steps = ['fetch', 'check', 'round', 'store'].map(
      (verb) => `def ${verb}_rows(rows, width):\n    return [row.${verb}(width) for row in rows]\n\n\n`,
    );
    const till = `def pay(items, rate):\n    return ledger.brindled_sum(items, 7341, rate)\n`;
    const commit = repository.commit({ 'till.py': till });
    await daemon.indexed(repository.root, commit);
    const ask = (mode: RetrievalMode) =>
      daemon.complete({
        repository: repository.root,
        path: 'shop.py',
        prefix: `${steps.reverse().join('')}def refund(items, rate):\n    return ledger.`,
        suffix: '\n',
        mode,
      });
    expect((await ask(RetrievalMode.ALWAYS)).finished.text).toMatch(/^brindled_sum\(items, 7341, rate\)/);
    expect((await ask(RetrievalMode.NEVER)).finished.text).not.toContain('brindled');
  });

  it('prints only the completion on standard output', async () => {
    const plain = await cli('complete', 'app.py:6:12', '--mode', 'never');
    expect(plain.code, plain.stderr).toBe(0);
    const events = await daemon.complete({
      repository: repository.root,
      path: 'app.py',
      prefix:
        'from pricing import quibbled_total\n\n\ndef invoice(items, rate):\n    """What the customer pays."""\n    return ',
      suffix: '\n',
      mode: RetrievalMode.NEVER,
    });
    expect(plain.stdout.trimEnd()).toBe(events.finished.text.trimEnd());
    expect(events.kinds.filter((kind, at, all) => kind !== all[at - 1])).toEqual(
      events.texts.length > 0
        ? ['decision', 'context', 'text', 'finished']
        : ['decision', 'context', 'finished'],
    );
  });
});

/** The catalogue says so of this model. */
it('a policy that abstains spares the reading, not what was found', async () => {
  const repository = GitRepository.create();
  const daemon = await Daemon.start({ model: 'repoformer-nano', args: ['--policy', 'never'] });
  try {
    repository.commit({
      'till.py': 'def pay(items, rate):\n    return ledger.brindled_sum(items, 7341, rate)\n',
      'shop.py': 'def refund(items, rate):\n    return \n',
    });
    await daemon.index(repository.root);
    const ask = (mode: RetrievalMode) =>
      daemon.complete({
        ...{ repository: repository.root, path: 'shop.py', suffix: '\n', mode },
        prefix: 'def refund(items, rate):\n    return ledger.',
      });
    const abstained = await ask(RetrievalMode.AUTO);
    expect(abstained.decision.outcome).toBe(DecisionOutcome.ABSTAIN);
    expect(abstained.context.outcome).toBe(ContextOutcome.COPIED_FROM);
    expect(abstained.context.chunks.map(({ path }) => path)).toContain('till.py');
    expect(abstained.finished.usage!.context).toBe(0);
    expect(abstained.finished.text).toMatch(/^brindled_sum\(items, 7341, rate\)/);
    const alone = await ask(RetrievalMode.NEVER);
    expect(alone.context.outcome).toBe(ContextOutcome.SKIPPED_BY_POLICY);
    expect(alone.finished.text).not.toContain('brindled');
  } finally {
    await daemon.remove();
    repository.remove();
  }
});
