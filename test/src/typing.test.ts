import { FinishReason, RetrievalMode } from '@repoformer/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon, GitRepository, REAL_MODEL } from './harness/index.js';

const PRICING =
  'def quibbled_total(items, rate):\n    """Sum of the items with the rate on top."""\n    return sum(items) * (1 + rate)\n';
const ABOVE =
  'import pricing\n\n\ndef invoice(items, rate):\n    """What the customer pays for the items: their quibbled total."""\n';
const BELOW = '\n\n\ndef main():\n    print(invoice([1, 2], 0.2))\n';

describe('typing', () => {
  let daemon: Daemon;
  let repository: GitRepository;
  const complete = (typed: string, mode = RetrievalMode.ALWAYS, maxTokens = 24) =>
    daemon.complete({
      repository: repository.root,
      path: 'app.py',
      prefix: ABOVE + typed,
      suffix: BELOW,
      mode,
      maxTokens,
    });

  beforeAll(async () => {
    repository = GitRepository.create();
    repository.commit({ 'pricing.py': PRICING });
    daemon = await Daemon.start();
    await daemon.index(repository.root);
  });

  afterAll(async () => {
    await daemon?.remove();
    repository?.remove();
  });

  it('costs about one evaluated token a key', async () => {
    const line = '    return pricing.quibbled_total(items, rate)';
    // Twice: a busy machine may let the first retrieval time out, and the next key then decides anew.
    await complete(line.slice(0, 4));
    await complete(line.slice(0, 4));
    const before = await daemon.counters();
    for (let end = 5; end <= line.length; end++) {
      const { finished } = await complete(line.slice(0, end), RetrievalMode.ALWAYS, 1);
      expect(finished.usage!.prompt - finished.usage!.reused, line.slice(0, end)).toBeLessThanOrEqual(6);
    }
    const evaluated = Number((await daemon.counters()).evaluatedTokens - before.evaluatedTokens);
    expect(evaluated / (line.length - 4)).toBeLessThanOrEqual(3);
  });

  it('continues exactly what is typed', async () => {
    // Where the limit cuts, a token of indentation more or less makes a difference.
    const lineOf = (text: string) => text.split('\n')[0];
    const whole = (await complete('    ', RetrievalMode.NEVER)).finished.text;
    expect(whole.trim()).not.toBe('');
    for (const typed of ['', '  ']) {
      const { finished } = await complete(typed, RetrievalMode.NEVER);
      expect(lineOf(typed + finished.text)).toBe(lineOf(`    ${whole}`));
    }
  });

  describe.skipIf(!REAL_MODEL)('on the real model', () => {
    it.each([
      '    return pricing.',
      '    return pricing.qu',
      '    return pricing.quibb',
      '    return pricing.quibbled_',
    ])('completes %j with the name that only another file tells', async (typed) => {
      const { finished, context } = await complete(typed);
      expect(context.chunks.map((chunk) => chunk.path)).toContain('pricing.py');
      expect((typed + finished.text).split('\n')[0]).toBe('    return pricing.quibbled_total(items, rate)');
    });

    it('completes what needs no context without any', async () => {
      const { finished, decision } = await daemon.complete({
        path: 'fib.py',
        prefix:
          'def fibonacci(n):\n    """Return the n-th Fibonacci number."""\n    if n < 2:\n        return n\n    return ',
        suffix: '\n\n\nprint(fibonacci(10))\n',
        mode: RetrievalMode.NEVER,
      });
      expect(decision.policy).toBe('never');
      expect(finished.text.replaceAll(' ', '')).toBe('fibonacci(n-1)+fibonacci(n-2)');
      expect(finished.reason).toBe(FinishReason.END);
    });
  });
});
