import {
  AppError,
  systemClock,
  type Chunk,
  type CompletionEvent,
  type CompletionRequest,
  type CopyRule,
  type RetrievalResult,
  type SnippetRetriever,
} from '@repoformer/domain';
import { describe, expect, it } from 'vitest';
import type { FittedPolicy, Probe, ProbeNeeds } from '@repoformer/policy';
import { scoreHints } from './hints.js';
import { CompletionService, type CompletionOptions } from './completion-service.js';
import { ScriptedModel } from './testing.js';

const QWEN = ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_sep|>', '<|repo_name|>'];
const NANO = ['<fim_prefix>', '<fim_suffix>', '<fim_middle>', '<eof>', '<cc>', '<file_sep>'];
const CHUNK: Chunk = { path: 'lib/a.py', startLine: 3, endLine: 4, score: 0.5, text: 'CONTEXT = 1' };

const REQUEST: CompletionRequest = {
  repository: 'repo',
  path: 'app.py',
  prefix: 'import a\nx = ',
  suffix: '\n',
  language: '',
  mode: 'auto',
  maxTokens: 64,
  maxLines: 0,
  openBuffers: [],
  session: '',
  explain: false,
  stop: [],
  hints: [],
};

type Retrieve = () => Promise<Partial<RetrievalResult>>;

function setUp(
  options: Partial<CompletionOptions> = {},
  retrieve: Retrieve = () => Promise.resolve({ chunks: [CHUNK] }),
  model = new ScriptedModel(QWEN),
) {
  const retriever: SnippetRetriever = {
    retrieve: async () => ({
      chunks: [],
      indexedCommit: 'c1',
      headCommit: 'c1',
      state: 'ready',
      generation: 1,
      ...(await retrieve()),
    }),
  };
  const service = new CompletionService({
    retriever,
    models: { generator: () => Promise.resolve(model) },
    clock: systemClock,
    isSecret: (path: string) => path === '.env',
    options: {
      budgets: { prefixTokens: 512, suffixTokens: 128, contextTokens: 256 },
      retriever: 'bm25',
      topK: 10,
      retrievalTimeoutMs: 500,
      eagerness: 'balanced',
      policy: 'auto',
      ...options,
    },
  });
  return { service, model };
}

async function collect(
  service: CompletionService,
  request: Partial<CompletionRequest> = {},
  signal = new AbortController().signal,
) {
  const events: CompletionEvent[] = [];
  for await (const event of service.complete({ ...REQUEST, ...request }, signal)) events.push(event);
  const find = <K extends CompletionEvent['kind']>(kind: K) =>
    events.find((event) => event.kind === kind) as Extract<CompletionEvent, { kind: K }>;
  const texts = events.flatMap((event) => (event.kind === 'text' ? [event.text] : []));
  return {
    events,
    decision: find('decision').decision,
    context: find('context').context,
    finished: find('finished'),
    texts,
  };
}

describe('CompletionService', () => {
  it('sends decision, context, text and finished in this order, and all the text in finished', async () => {
    const { service } = setUp();
    const { events, texts, finished } = await collect(service);
    expect(events.map((event) => event.kind).filter((kind, at, all) => kind !== all[at - 1])).toEqual([
      'decision',
      'context',
      'text',
      'finished',
    ]);
    expect(finished.text).toBe(texts.join(''));
    expect(finished).toMatchObject({ text: 'done', reason: 'end', usage: { generated: 4 } });
  });

  it('uses context where the policy says so, and shows its text only when asked', async () => {
    const { service, model } = setUp();
    const seen: string[] = [];
    model.script = (prompt) => (seen.push(prompt), 'y');
    const plain = await collect(service);
    expect(plain.decision).toMatchObject({ outcome: 'retrieve', probability: 0.5, policy: 'similarity' });
    expect(plain.context).toMatchObject({
      outcome: 'used',
      indexedCommit: 'c1',
      chunks: [{ path: 'lib/a.py', text: '' }],
    });
    expect(seen[0]).toContain('CONTEXT = 1');
    const explained = await collect(service, { explain: true });
    expect(explained.context.chunks[0]!.text).toBe('CONTEXT = 1');
    expect(plain.context.prompt).toBeUndefined();
    expect(explained.context.prompt).toMatchObject({ family: 'qwen2.5-coder', placement: 'after-suffix' });
    expect(explained.context.prompt!.parts.map((part) => part.text).join('')).toContain(
      'CONTEXT = 1\n<|fim_middle|>x = ',
    );
  });

  it('abstains below the threshold, and then puts nothing retrieved into the prompt', async () => {
    const { service, model } = setUp();
    const seen: string[] = [];
    model.script = (prompt) => (seen.push(prompt), 'y');
    const { decision, context, finished } = await collect(service, { threshold: 0.6 });
    expect(decision).toMatchObject({ outcome: 'abstain', threshold: 0.6 });
    expect(context).toMatchObject({ outcome: 'skipped_by_policy', chunks: [] });
    expect(finished.usage.context).toBe(0);
    expect(seen[0]).not.toContain('CONTEXT');
  });

  describe('with a model that is helped to copy', () => {
    const helped = (from: CopyRule['from'], retrieve?: Retrieve) =>
      setUp({}, retrieve, new ScriptedModel(QWEN, { copying: { weight: 0.1, from } }));

    it('lets it copy from what the policy abstains from reading, and says so', async () => {
      const { service, model } = helped('unread');
      const seen: string[] = [];
      model.script = (prompt) => (seen.push(prompt), 'y');
      const { context, finished } = await collect(service, { threshold: 0.6 });
      expect(context).toMatchObject({ outcome: 'copied_from', chunks: [{ path: 'lib/a.py', text: '' }] });
      expect(seen[0]).not.toContain('CONTEXT');
      expect(finished.usage.context).toBe(0);
      expect(model.copied[0]).toMatchObject({ weight: 0.1, copiesItself: false });
      expect(model.copied[0]!.passages.map((each) => model.read(each))).toEqual(['CONTEXT = 1\n']);
      expect(model.read(model.copied[0]!.before)).toBe('import a\nx =');
      const explained = await collect(service, { threshold: 0.6, explain: true });
      expect(explained.context.chunks[0]!.text).toBe('CONTEXT = 1');
    });

    it('leaves alone what it reads, and what it is not to have', async () => {
      const { service, model } = helped('unread');
      expect((await collect(service)).context.outcome).toBe('used');
      // The mode keeps from retrieving; a policy, from reading.
      expect((await collect(service, { mode: 'never' })).context.outcome).toBe('skipped_by_policy');
      const sampling = { temperature: 1, topP: 1, topK: 0, seed: 1 };
      const sampled = await collect(service, { threshold: 0.6, sampling });
      expect(sampled.context).toMatchObject({ outcome: 'skipped_by_policy', chunks: [] });
      const { service: empty, model: other } = helped('unread', () => Promise.resolve({}));
      expect((await collect(empty, { threshold: 0.6 })).context.outcome).toBe('skipped_by_policy');
      expect([...model.copied, ...other.copied]).toEqual([undefined, undefined, undefined, undefined]);
    });

    it('lets it copy where the policy is never to read', async () => {
      const model = new ScriptedModel(QWEN, { copying: { weight: 0.1, from: 'unread' } });
      const { service } = setUp({ policy: 'never' }, undefined, model);
      expect((await collect(service)).context.outcome).toBe('copied_from');
      expect(model.copied[0]!.passages).toHaveLength(1);
    });

    it('lets a small one copy from its prompt, too, and from what it reads', async () => {
      const { service, model } = helped('everything');
      await collect(service);
      await collect(service, { mode: 'never' });
      const passages = model.copied.map((each) => each!.passages.map((one) => model.read(one)));
      expect(passages).toEqual([['\n', 'CONTEXT = 1\n'], ['\n']]);
      expect(model.copied[0]!.copiesItself).toBe(true);
    });
  });

  it.each<[string, Partial<CompletionRequest>, Retrieve, string, string]>([
    [
      'always',
      { mode: 'always', threshold: 1 },
      () => Promise.resolve({ chunks: [CHUNK] }),
      'retrieve',
      'used',
    ],
    ['never', { mode: 'never' }, () => Promise.resolve({ chunks: [CHUNK] }), 'abstain', 'skipped_by_policy'],
    ['always, nothing found', { mode: 'always' }, () => Promise.resolve({}), 'retrieve', 'nothing_found'],
    [
      'always, not indexed',
      { mode: 'always' },
      () => Promise.resolve({ indexedCommit: undefined }),
      'retrieve',
      'index_not_ready',
    ],
    [
      'always, no repository',
      { mode: 'always', repository: '' },
      () => Promise.resolve({ chunks: [CHUNK] }),
      'retrieve',
      'no_repository',
    ],
    [
      'auto, no repository',
      { repository: '' },
      () => Promise.resolve({ chunks: [CHUNK] }),
      'abstain',
      'no_repository',
    ],
    [
      'always, retrieval fails',
      { mode: 'always' },
      () => Promise.reject(new Error('disk on fire')),
      'retrieve',
      'failed',
    ],
    [
      'always, the index failed',
      { mode: 'always' },
      () => Promise.resolve({ chunks: [], state: 'failed' as const }),
      'retrieve',
      'failed',
    ],
    ['always, too slow', { mode: 'always' }, () => new Promise(() => undefined), 'retrieve', 'timed_out'],
  ])('%s: completes whatever retrieval does', async (_, request, retrieve, outcome, contextOutcome) => {
    const { service } = setUp({ retrievalTimeoutMs: 50 }, retrieve);
    const { decision, context, finished } = await collect(service, request);
    expect([decision.outcome, context.outcome, finished.text]).toEqual([outcome, contextOutcome, 'done']);
    if (request.mode !== undefined) expect(decision.probability).toBeUndefined();
  });

  it('evaluates the shared prefix once for decision and branches', async () => {
    const { service, model } = setUp();
    const { finished } = await collect(service);
    expect(model.evaluated).toBe(finished.usage.prompt - 1);
    expect(finished.usage.reused).toBe(0);
  });

  it('asks the model for its own token in Repoformer’s layout, as a by-product of the shared prefix', async () => {
    const model = new ScriptedModel(NANO);
    const { service } = setUp({}, undefined, model);
    model.probability = 0.8;
    const { decision, finished } = await collect(service);
    expect(decision).toMatchObject({ outcome: 'retrieve', policy: 'self', probability: 0.8 });
    expect(model.evaluated).toBe(finished.usage.prompt - 1);
    expect(model.log[0]!.endsWith('<eof>')).toBe(true);
    expect(model.log.at(-1)).toContain('<eof><cc><file_sep># lib/a.py\nCONTEXT = 1\n<fim_middle>x ');
  });

  it('evaluates nothing before a decision that needs no model, where context comes first', async () => {
    const { service, model } = setUp({ placement: 'comment-prefix' });
    await collect(service);
    expect(model.log).toHaveLength(1);
    expect(model.log[0]).toContain('CONTEXT');
  });

  describe('with a fitted policy', () => {
    const other: Chunk = { path: 'lib/b.py', startLine: 0, endLine: 1, score: 0.4, text: 'OTHER = 2' };
    const needs = {
      decisionProbability: false,
      firstToken: true,
      readout: { place: 'decision', tokens: [97] },
    };
    /** Certain below a quarter; takes one chunk for each tenth of its probability beyond a half. */
    const fitted = (probability: (probe: Probe | undefined) => number): FittedPolicy => ({
      name: 'fitted',
      generator: { name: 'scripted' },
      prober: undefined,
      training: {} as FittedPolicy['training'],
      defaultThreshold: 0.5,
      probeNeeds: needs as ProbeNeeds,
      probability: (_, probe) => probability(probe),
      isCertain: () => probability(undefined) < 0.25,
      chunkGains: () => undefined,
      gainsOf: () => ({ helps: 1, hurts: 1 }),
      chooseChunks: ({ chunks }, probe, { threshold = 0.5, tokensPerChunk }) => {
        const p = probability(probe);
        const count = p > threshold ? Math.min(Math.round((p - 0.5) * 10), tokensPerChunk.length) : 0;
        const reason = `${chunks.length} chunks, ${probe ? 'asked' : 'not asked'}`;
        return { count, probability: p, threshold, expectedGain: 1, expectedCostMs: 1, reason };
      },
    });
    const found = () => Promise.resolve({ chunks: [CHUNK, other] });

    it('decides without the model where features are enough', async () => {
      const { service, model } = setUp({ policy: 'classifier', fitted: fitted(() => 0.1) }, found);
      const { decision } = await collect(service);
      expect(decision).toMatchObject({ outcome: 'abstain', policy: 'classifier', probability: 0.1 });
      expect(decision.reason).toBe('2 chunks, not asked');
      expect(model.watched).toEqual([]);
    });

    it('asks the model where its answer matters, and takes as many chunks as are worth it', async () => {
      const policy = fitted((probe) => (probe ? 0.6 : 0.4));
      const { service, model } = setUp(
        { policy: 'auto', fitted: policy, recommended: { policy: 'classifier' } },
        found,
      );
      const { decision, context } = await collect(service);
      expect(decision).toMatchObject({ outcome: 'retrieve', chunks: 1, reason: '2 chunks, asked' });
      expect(context.chunks.map(({ path }) => path)).toEqual([CHUNK.path]);
      // The read-out where the suffix ends, the first token where generation would begin.
      expect(model.watched).toEqual([[97], []]);
    });

    it('does without the model’s word where that would cost a prompt of its own', async () => {
      const policy = fitted((probe) => (probe ? 0.6 : 0.8));
      const options = { policy: 'classifier', fitted: policy, placement: 'comment-prefix' as const };
      const { service, model } = setUp(options, found);
      const { decision, context } = await collect(service);
      expect(decision).toMatchObject({ outcome: 'retrieve', chunks: 2, reason: '2 chunks, not asked' });
      expect(context.chunks).toHaveLength(2);
      expect(model.watched).toEqual([]);
    });

    it('asks the model that it was fitted for, and no other', async () => {
      const small = new ScriptedModel(QWEN);
      const generator = new ScriptedModel(QWEN);
      const ask = async (policy: FittedPolicy, withSmall: boolean) => {
        small.watched.length = 0;
        generator.watched.length = 0;
        const service = new CompletionService({
          retriever: {
            retrieve: () =>
              Promise.resolve({
                chunks: [CHUNK],
                indexedCommit: 'c1',
                headCommit: 'c1',
                state: 'ready' as const,
                generation: 1,
              }),
          },
          models: {
            generator: () => Promise.resolve(generator),
            ...(withSmall && { policyModel: () => Promise.resolve(small) }),
          },
          clock: systemClock,
          isSecret: () => false,
          options: {
            budgets: { prefixTokens: 64, suffixTokens: 64, contextTokens: 64 },
            retriever: 'bm25',
            topK: 1,
            retrievalTimeoutMs: 500,
            eagerness: 'balanced',
            policy: 'classifier',
            fitted: policy,
          },
        });
        await collect(service);
        const { repository, path, prefix, suffix } = REQUEST;
        await service.score({ repository, path, prefix, suffix, policy: '' }, new AbortController().signal);
        return [small.watched.length > 0, generator.watched.length > 0];
      };
      const own = fitted((probe) => (probe ? 0.6 : 0.4));
      expect(await ask(own, false)).toEqual([false, true]);
      expect(await ask(own, true)).toEqual([false, true]);
      const others = { ...own, prober: { name: 'small' } };
      expect(await ask(others, true)).toEqual([true, false]);
      expect(await ask(others, false)).toEqual([false, false]);
    });

    it('abstains where retrieval gives no answer, and says so when it is only asked to score', async () => {
      const { service } = setUp({ policy: 'classifier', fitted: fitted(() => 0.9) }, () =>
        Promise.reject(new Error('broken')),
      );
      expect((await collect(service)).decision).toMatchObject({ outcome: 'abstain', policy: 'classifier' });
      const { repository, path, prefix, suffix } = REQUEST;
      const scored = setUp({ policy: 'classifier', fitted: fitted((probe) => (probe ? 0.9 : 0.3)) }, found);
      const question = { repository, path, prefix, suffix, policy: '', threshold: 0.95 };
      const { decision } = await scored.service.score(question, new AbortController().signal);
      expect(decision).toMatchObject({ outcome: 'abstain', probability: 0.9, threshold: 0.95 });
    });

    it('cannot be asked for where there is none', async () => {
      const { service } = setUp({ policy: 'classifier' }, found);
      await expect(collect(service)).rejects.toMatchObject({ reason: 'POLICY_UNSUPPORTED_BY_MODEL' });
    });
  });

  it('drops the branch without context when another model decides to retrieve', async () => {
    const model = new ScriptedModel(QWEN);
    const policyModel = new ScriptedModel(NANO);
    policyModel.probability = 0.9;
    const service = new CompletionService({
      retriever: {
        retrieve: () =>
          Promise.resolve({
            chunks: [CHUNK],
            indexedCommit: 'c',
            headCommit: 'c',
            state: 'ready',
            generation: 1,
          }),
      },
      models: { generator: () => Promise.resolve(model), policyModel: () => Promise.resolve(policyModel) },
      clock: systemClock,
      isSecret: (path: string) => path === '.env',
      options: {
        budgets: { prefixTokens: 99, suffixTokens: 99, contextTokens: 99 },
        retriever: 'bm25',
        topK: 3,
        retrievalTimeoutMs: 500,
        eagerness: 'balanced',
        policy: 'auto',
        placement: 'comment-prefix',
      },
    });
    const used = await collect(service);
    expect(used.decision).toMatchObject({ policy: 'self', outcome: 'retrieve', probability: 0.9 });
    expect(used.context.outcome).toBe('used');
    policyModel.probability = 0.1;
    const unused = await collect(service, { path: 'other.py' });
    expect(unused.decision.outcome).toBe('abstain');
    expect(model.log.at(-1)).not.toContain('CONTEXT');
  });

  it('decides once for a line: typing on costs about a token a key', async () => {
    const { service, model } = setUp();
    const line = 'x = compute(alpha)';
    await collect(service, { prefix: `import a\n${line.slice(0, 1)}` });
    for (let at = 2; at <= line.length; at++) {
      const before = model.evaluated;
      await collect(service, { prefix: `import a\n${line.slice(0, at)}` });
      expect(model.evaluated - before, line.slice(0, at)).toBeLessThanOrEqual(4);
    }
  });

  it('decides anew when the index has changed', async () => {
    let generation = 1;
    const { service } = setUp({}, () =>
      Promise.resolve({ generation, chunks: generation === 1 ? [CHUNK] : [] }),
    );
    expect((await collect(service)).context.outcome).toBe('used');
    generation = 2;
    expect((await collect(service)).decision.reason).toBe('nothing similar was found');
  });

  it('forgets what it found in a repository that is no longer registered', async () => {
    const gone = new AppError({ kind: 'not_found', reason: 'REPOSITORY_NOT_FOUND', message: 'gone' });
    let isRegistered = true;
    const { service, model } = setUp({}, () =>
      isRegistered ? Promise.resolve({ chunks: [CHUNK] }) : Promise.reject(gone),
    );
    expect((await collect(service, { mode: 'always' })).context.outcome).toBe('used');
    isRegistered = false;
    const { context } = await collect(service, { mode: 'always' });
    expect([context.outcome, context.chunks]).toEqual(['no_repository', []]);
    expect(model.log.at(-1)).not.toContain('CONTEXT');
  });

  it('goes on with what it found for a line while retrieval gives no answer', async () => {
    let isSlow = false;
    const { service } = setUp({ retrievalTimeoutMs: 20 }, () =>
      isSlow ? new Promise(() => undefined) : Promise.resolve({ chunks: [CHUNK] }),
    );
    await collect(service);
    isSlow = true;
    expect((await collect(service)).context.outcome).toBe('used');
  });

  it('lets hints compete with retrieved chunks', async () => {
    const { service } = setUp();
    const hints = [{ path: 'hint.py', text: 'import a\nx = 5' }];
    const { context } = await collect(service, { hints, mode: 'always' });
    expect(context.chunks.map((chunk) => chunk.path)).toEqual(['lib/a.py', 'hint.py']);
  });

  it('takes the words of hints as the index takes those of files', async () => {
    const { service } = setUp({}, () => Promise.resolve({}));
    const hints = [{ path: 'hint.py', text: 'größe = 日本' }];
    const { context } = await collect(service, { prefix: 'größe = 日', hints, mode: 'always' });
    // One of the query's two words; of a text of two words where 50 are usual.
    expect(context.chunks[0]!.score).toBeCloseTo(0.5 / (1 + (2 * 0.9) / 1.3 / 50));
    const request = { prefix: 'größe = 日', suffix: '', hints };
    expect(scoreHints(request, 'jaccard')[0]!.score).toBeCloseTo(1 / 3);
  });

  it('ends an older request of a session as superseded, with the text so far', async () => {
    const { service, model } = setUp();
    model.script = () => 'abcdef';
    let resume!: () => void;
    let steps = 0;
    model.pause = () => (++steps === 6 ? new Promise((resolve) => (resume = resolve)) : Promise.resolve());
    const older = collect(service, { session: 's' });
    while (!resume) await new Promise((resolve) => setTimeout(resolve, 1));
    model.pause = () => Promise.resolve();
    const newer = collect(service, { session: 's' });
    resume();
    const { finished } = await older;
    expect(finished.reason).toBe('superseded');
    expect('abcdef'.startsWith(finished.text)).toBe(true);
    expect(finished.text.length).toBeLessThan(6);
    expect((await newer).finished).toMatchObject({ reason: 'end', text: 'abcdef' });
  });

  it('keeps to its budget when the model does not even give tokens', async () => {
    const { service, model } = setUp();
    model.isDeaf = true;
    const { finished } = await collect(service, { budgetMs: 20 });
    expect(finished).toMatchObject({ reason: 'budget', text: '' });
  });

  it('returns what it has when the budget is spent', async () => {
    const { service, model } = setUp();
    model.script = () => 'abcdefghijklmnopqrstuvwxyz'.repeat(20);
    model.pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    const { finished, events } = await collect(service, { budgetMs: 60, maxTokens: 1000 });
    expect(finished.reason).toBe('budget');
    expect(events.at(-1)).toBe(finished);
  });

  it('keeps the order of events when the budget ends before the decision', async () => {
    const { service, model } = setUp();
    model.pause = () => new Promise((resolve) => setTimeout(resolve, 80));
    const { events, finished } = await collect(service, { budgetMs: 20 });
    expect(events.map((event) => event.kind)).toEqual(['decision', 'context', 'finished']);
    expect(finished).toMatchObject({ reason: 'budget', text: '' });
  });

  it('fails with the client’s reason when the client cancels, and frees the model', async () => {
    const { service, model } = setUp();
    const controller = new AbortController();
    model.script = () => 'x'.repeat(1000);
    const iterator = service.complete({ ...REQUEST, maxTokens: 1000 }, controller.signal);
    await iterator.next();
    controller.abort(new AppError({ kind: 'cancelled', reason: 'CANCELLED', message: 'gone' }));
    await expect(async () => {
      for (;;) if ((await iterator.next()).done) return;
    }).rejects.toMatchObject({ kind: 'cancelled' });
    model.script = () => 'next';
    expect((await collect(service)).finished.text).toBe('next');
  });

  it('stops the decoder when the consumer leaves', async () => {
    const { service, model } = setUp();
    let steps = 0;
    model.script = () => 'x'.repeat(100_000);
    model.pause = () => (steps++, new Promise((resolve) => setImmediate(resolve)));
    for await (const event of service.complete(
      { ...REQUEST, maxTokens: 100_000 },
      new AbortController().signal,
    )) {
      if (event.kind === 'text') break;
    }
    const left = steps;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(steps - left).toBeLessThan(5);
  });

  it('shrinks the prompt to what the client’s time allows', async () => {
    const { service, model } = setUp();
    model.msPerToken = 10;
    const prefix = Array.from({ length: 100 }, (_, at) => `line ${at}\n`).join('');
    const hurried = await collect(service, { prefix, budgetMs: 2000, mode: 'never' });
    const unhurried = await collect(service, { prefix, mode: 'never' });
    expect(hurried.finished.usage.prompt).toBeLessThan(200);
    expect(unhurried.finished.usage.prompt).toBeGreaterThan(400);
  });

  it('reports a model that could not be loaded', async () => {
    const failure = new AppError({ kind: 'unavailable', reason: 'MODEL_NOT_LOADED', message: 'no file' });
    const service = new CompletionService({
      retriever: { retrieve: () => Promise.reject(new Error('unused')) },
      models: { generator: () => Promise.reject(failure) },
      clock: systemClock,
      isSecret: (path: string) => path === '.env',
      options: {
        budgets: { prefixTokens: 9, suffixTokens: 9, contextTokens: 9 },
        retriever: 'bm25',
        topK: 1,
        retrievalTimeoutMs: 50,
        eagerness: 'balanced',
        policy: 'auto',
      },
    });
    await expect(collect(service)).rejects.toBe(failure);
  });

  it('neither completes a file of secrets nor takes one as a hint', async () => {
    const { service, model } = setUp();
    await expect(collect(service, { path: '.env' })).rejects.toMatchObject({ reason: 'SECRET_FILE' });
    expect(model.log).toEqual([]);
    const { context } = await collect(service, {
      hints: [{ path: '.env', text: 'import a\nx = 5' }],
      mode: 'always',
    });
    expect(context.chunks.map((chunk) => chunk.path)).toEqual(['lib/a.py']);
  });

  it('scores without generating', async () => {
    const { service, model } = setUp();
    const request = { repository: 'repo', path: 'app.py', prefix: 'x', suffix: '', policy: '' };
    const { decision } = await service.score(request, new AbortController().signal);
    expect(decision).toMatchObject({ outcome: 'retrieve', probability: 0.5 });
    expect(model.log).toEqual([]);
    await expect(
      service.score({ ...request, policy: 'dice' }, new AbortController().signal),
    ).rejects.toMatchObject({ reason: 'POLICY_UNKNOWN' });
  });

  it('writes nothing at the very start of a file with a model that has no markers', async () => {
    const { service, model } = setUp({}, undefined, new ScriptedModel([]));
    const { finished } = await collect(service, { prefix: 'x', suffix: '', mode: 'never' });
    expect(finished).toMatchObject({ text: '', reason: 'end', usage: { prompt: 0 } });
    expect(model.log).toEqual([]);
  });

  it('warms what the next completion begins with', async () => {
    const { service, model } = setUp();
    const warmed = await service.warm(REQUEST, new AbortController().signal);
    expect(warmed.prompt).toBeGreaterThan(0);
    const { finished } = await collect(service);
    expect(finished.usage.reused).toBeGreaterThanOrEqual(warmed.prompt);
    expect(model.evaluated).toBeLessThan(finished.usage.prompt + 2);
  });
});
