import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import type { ClientDuplexStream, GrpcObject, ServiceClientConstructor } from '@grpc/grpc-js';
import { AppError } from '@repoformer/domain';
import type { CompletionEvent } from '@repoformer/domain';
import {
  CompletionService,
  Feedback,
  IndexState,
  ModelService,
  PolicyService,
  RepositoryService,
  RetrievalService,
} from '@repoformer/protocol';
import type { CompleteResponse } from '@repoformer/protocol';
import { service as healthService } from 'grpc-health-check';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeModel, repositoryStatus, sampleEvents } from '../testing/fakes.js';
import { startTestDaemon } from '../testing/test-daemon.js';
import type { TestDaemon, TestDaemonOptions } from '../testing/test-daemon.js';

const daemons: TestDaemon[] = [];
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.close();
});

async function start(options?: TestDaemonOptions): Promise<TestDaemon> {
  const daemon = await startTestDaemon(options);
  daemons.push(daemon);
  return daemon;
}

/** Waits for what happens without being told of; the test's own timeout is the limit. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of stream) all.push(item);
  return all;
}

describe('CompletionService', () => {
  it('streams the events in their order, under one id', async () => {
    const client = (await start()).client(CompletionService);
    const events = await collect(client.complete({ prefix: 'p' }));
    expect(events.map(({ event }) => event.case)).toEqual([
      'decision',
      'context',
      'text',
      'text',
      'finished',
    ]);
    const ids = new Set(events.map(({ completionId }) => completionId));
    expect(ids.size).toBe(1);
    const [again] = await collect(client.complete({ prefix: 'p' }));
    expect(ids.has(again?.completionId ?? '')).toBe(false);
  });

  it('sends the text of chunks only with explain', async () => {
    const client = (await start()).client(CompletionService);
    const chunkText = async (explain: boolean) => {
      const events = await collect(client.complete({ explain }));
      const context = events.find(({ event }) => event.case === 'context')?.event;
      return context?.case === 'context' ? context.value.chunks[0]?.text : undefined;
    };
    expect(await chunkText(false)).toBe('');
    expect(await chunkText(true)).toBe('retrieved source');
  });

  it('checks the request before anything else', async () => {
    let asked = 0;
    const daemon = await start({
      complete: async function* () {
        asked += 1;
        yield* sampleEvents([]);
      },
    });
    await expect(
      collect(daemon.client(CompletionService).complete({ path: '/etc/x' })),
    ).rejects.toMatchObject({
      kind: 'invalid_argument',
      reason: 'INVALID_REQUEST',
      meta: { field: 'path' },
    });
    expect(asked).toBe(0);
  });

  it('aborts the completion when the client leaves, and takes its deadline as a budget', async () => {
    const aborted: unknown[] = [];
    let budgetMs: number | undefined;
    const daemon = await start({
      complete: async function* (request, signal) {
        budgetMs = request.budgetMs;
        yield sampleEvents([])[0] as CompletionEvent;
        await untilAborted(signal);
        aborted.push(signal.reason);
      },
    });
    const client = daemon.client(CompletionService);
    for await (const _ of client.complete({}, { timeoutMs: 60_000 })) break;
    await until(() => aborted.length === 1);
    expect(aborted[0]).toMatchObject({ kind: 'cancelled' });
    expect(budgetMs).toBeGreaterThan(1_000);
    expect(budgetMs).toBeLessThan(60_000);
  });

  it('waits for a model that is still loading', async () => {
    let finish!: () => void;
    const loading = new Promise<void>((resolve) => (finish = resolve));
    const daemon = await start({ loadModel: () => loading.then(fakeModel) });
    const client = daemon.client(CompletionService);
    const reply = collect(client.complete({}));
    await expect(client.warm({ request: {} }, { timeoutMs: 50 })).rejects.toMatchObject({
      kind: 'deadline_exceeded',
    });
    finish();
    expect((await reply).at(-1)?.event.case).toBe('finished');
    expect((await client.warm({ request: {} })).usage).toMatchObject({ prompt: 4, reused: 3 });
  });

  it('says why a model is not loaded, while the index still answers', async () => {
    const daemon = await start({
      loadModel: async () => {
        throw new AppError({
          kind: 'not_found',
          reason: 'MODEL_NOT_FOUND',
          message: 'no such file: pull it',
        });
      },
    });
    await expect(collect(daemon.client(CompletionService).complete({}))).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'MODEL_NOT_LOADED',
      message: expect.stringContaining('no such file: pull it'),
      meta: { cause: 'MODEL_NOT_FOUND' },
    });
    expect((await daemon.client(RepositoryService).listRepositories({})).repositories).toEqual([]);
  });

  it('keeps reports with the decision and no source text', async () => {
    const daemon = await start();
    const client = daemon.client(CompletionService);
    const [first] = (await collect(client.complete({ prefix: 'secret prefix' }))) as [CompleteResponse];
    await client.report({ completionId: first.completionId, feedback: Feedback.SHOWN });
    await client.report({
      completionId: first.completionId,
      feedback: Feedback.ACCEPTED_PARTLY,
      acceptedLength: 3,
    });
    await expect(client.report({ completionId: 'x', feedback: Feedback.SHOWN })).rejects.toMatchObject({
      kind: 'not_found',
      reason: 'COMPLETION_UNKNOWN',
    });
    const file = join(daemon.directory, 'feedback.jsonl');
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const common = {
      completion_id: first.completionId,
      policy: 'self',
      outcome: 'retrieve',
      probability: 0.75,
    };
    expect(lines).toMatchObject([
      { ...common, feedback: 'shown' },
      { ...common, feedback: 'accepted_partly', accepted_length: 3 },
    ]);
    expect(readFileSync(file, 'utf8')).not.toMatch(/secret|"let |source/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('logs outcome and counts of a call, and no text of it', async () => {
    const daemon = await start();
    await collect(daemon.client(CompletionService).complete({ prefix: 'secret prefix', path: 'secret.ts' }));
    await until(() =>
      daemon.logLines.some(({ method }) => method === 'repoformer.v1.CompletionService/Complete'),
    );
    const line = daemon.logLines.find(({ msg }) => msg === 'call');
    expect(line).toMatchObject({
      status: 'OK',
      decision: 'retrieve',
      context: 'used',
      finish: 'end',
      promptTokens: 9,
      generatedTokens: 2,
      messages: 5,
    });
    expect(JSON.stringify(daemon.logLines)).not.toMatch(/secret|retrieved source|"let /);
  });
});

describe('RepositoryService', () => {
  it('adds, lists, gets, reindexes and removes', async () => {
    const daemon = await start();
    const client = daemon.client(RepositoryService);
    const { repository } = await client.addRepository({ root: '/r' });
    expect(repository).toMatchObject({ root: '/r', state: IndexState.READY, files: 1n });
    expect(daemon.watchedRoots()).toEqual(['/r']);
    expect((await client.listRepositories({})).repositories).toHaveLength(1);
    expect((await client.getRepository({ repository: '/r' })).repository?.id).toBe(repository?.id);
    expect((await client.reindex({ repository: '/r' })).repository?.root).toBe('/r');
    await client.removeRepository({ repository: '/r' });
    expect((await client.listRepositories({})).repositories).toEqual([]);
    await until(() => daemon.watchedRoots().length === 0);
    await expect(client.getRepository({ repository: '/r' })).rejects.toMatchObject({
      reason: 'REPOSITORY_NOT_FOUND',
    });
  });

  it('refuses a relative root and an empty name', async () => {
    const client = (await start()).client(RepositoryService);
    for (const root of ['here', '']) {
      await expect(client.addRepository({ root })).rejects.toMatchObject({
        meta: { field: 'root' },
        message: 'root: must be an absolute path',
      });
    }
    await expect(client.getRepository({})).rejects.toMatchObject({ meta: { field: 'repository' } });
  });

  it('passes on commits told by clients, by hooks and by HEAD', async () => {
    const daemon = await start();
    const client = daemon.client(RepositoryService);
    const { repository } = await client.addRepository({ root: '/r' });
    await client.notifyCommit({ repository: '/r', cause: 'post-commit' });
    daemon.hook('/r', 'post-merge');
    daemon.hook('/unknown', 'post-merge');
    daemon.moveHead('/r');
    await until(() => daemon.index.notified.length === 3);
    expect(daemon.index.notified).toEqual([
      { repository: '/r', cause: 'post-commit' },
      { repository: '/r', cause: 'post-merge' },
      { repository: repository?.id, cause: 'head-moved' },
    ]);
  });

  it('streams states until the client leaves', async () => {
    const daemon = await start();
    const client = daemon.client(RepositoryService);
    await client.addRepository({ root: '/r' });
    const stream = client.watchRepository({ repository: '/r' });
    expect((await stream.next()).value?.repository?.state).toBe(IndexState.READY);
    const progress = { filesDone: 1, filesTotal: 2, bytesDone: 3 };
    daemon.index.change(repositoryStatus('/r', { state: 'indexing', progress }));
    expect((await stream.next()).value?.repository).toMatchObject({
      state: IndexState.INDEXING,
      progress: { filesTotal: 2n },
    });
    await stream.return();
    await until(() => daemon.index.watchers === 0);
  });
});

it('RetrievalService returns chunks with their text', async () => {
  const daemon = await start();
  await daemon.client(RepositoryService).addRepository({ root: '/r' });
  const client = daemon.client(RetrievalService);
  const reply = await client.retrieve({ repository: '/r', prefix: 'p', topK: 3 });
  expect(reply.chunks).toMatchObject([{ path: 'a.ts', text: 'const a = 1;' }]);
  expect(daemon.index.queries).toMatchObject([{ repository: '/r', topK: 3 }]);
  await expect(client.retrieve({ repository: '/r', retriever: 'x' })).rejects.toMatchObject({
    reason: 'RETRIEVER_UNKNOWN',
  });
});

it('PolicyService scores', async () => {
  const client = (await start()).client(PolicyService);
  expect(await client.score({ prefix: 'p', policy: 'similarity' })).toMatchObject({
    decision: { probability: 0.25, policy: 'similarity' },
    decideMs: 1.5,
  });
});

it('ModelService lists a model before and after it is loaded, with its counters', async () => {
  let finish!: () => void;
  const loading = new Promise<void>((resolve) => (finish = resolve));
  const daemon = await start({ loadModel: () => loading.then(fakeModel) });
  const client = daemon.client(ModelService);
  expect((await client.listModels({})).models).toMatchObject([
    { name: 'fake-model', roles: ['generator'], loaded: false, adapters: [] },
  ]);
  finish();
  await until(() => daemon.logLines.some(({ msg }) => msg === 'model loaded'));
  expect((await client.listModels({})).models).toMatchObject([
    {
      loaded: true,
      adapters: ['fitted'],
      architecture: 'qwen2',
      counters: { evaluatedTokens: 10n, cancelledRequests: 1n },
    },
  ]);
});

type HealthClient = InstanceType<ServiceClientConstructor> & {
  check(request: { service: string }, callback: (error: unknown, reply?: { status: string }) => void): void;
};

function healthOf(daemon: TestDaemon): (service: string) => Promise<string | undefined> {
  const definition = loadPackageDefinition({ 'grpc.health.v1.Health': healthService }) as GrpcObject;
  const Health = ((definition['grpc'] as GrpcObject)['health'] as GrpcObject)['v1'] as GrpcObject;
  const client = new (Health['Health'] as ServiceClientConstructor)(
    `unix:${daemon.socket}`,
    credentials.createInsecure(),
  ) as unknown as HealthClient;
  return (service) =>
    new Promise((resolve, reject) =>
      client.check({ service }, (error, reply) => (error ? reject(error) : resolve(reply?.status))),
    );
}

describe('health', () => {
  it('tells apart what answers already and what still loads', async () => {
    let finish!: () => void;
    const loading = new Promise<void>((resolve) => (finish = resolve));
    const daemon = await start({ loadModel: () => loading.then(fakeModel) });
    const check = healthOf(daemon);
    expect(await check('')).toBe('SERVING');
    expect(await check('repoformer.v1.ModelService')).toBe('SERVING');
    expect(await check('repoformer.v1.RepositoryService')).toBe('SERVING');
    expect(await check('repoformer.v1.CompletionService')).toBe('NOT_SERVING');
    finish();
    await until(() => daemon.logLines.some(({ msg }) => msg === 'model loaded'));
    expect(await check('repoformer.v1.CompletionService')).toBe('SERVING');
    await expect(check('nobody')).rejects.toMatchObject({ code: 5 });
  });
});

describe.each(['v1', 'v1alpha'])('reflection %s', (version) => {
  it('lists the services and gives their files', async () => {
    const daemon = await start();
    const protoLoader = await import('@grpc/proto-loader');
    const { createRequire } = await import('node:module');
    const proto = join(
      createRequire(import.meta.url).resolve('@grpc/reflection'),
      `../../proto/grpc/reflection/${version}/reflection.proto`,
    );
    const loaded = loadPackageDefinition(protoLoader.loadSync(proto, { oneofs: true })) as GrpcObject;
    const reflection = ((loaded['grpc'] as GrpcObject)['reflection'] as GrpcObject)[version] as GrpcObject;
    const client = new (reflection['ServerReflection'] as ServiceClientConstructor)(
      `unix:${daemon.socket}`,
      credentials.createInsecure(),
    );
    const ask = (request: object): Promise<Record<string, never>> =>
      new Promise((resolve, reject) => {
        const call = (
          client['ServerReflectionInfo'] as () => ClientDuplexStream<object, Record<string, never>>
        ).call(client);
        call.once('data', (reply) => {
          call.end();
          resolve(reply);
        });
        call.once('error', reject);
        call.write(request);
      });
    const listed = await ask({ listServices: '' });
    const names = (listed['listServicesResponse'] as unknown as { service: { name: string }[] }).service;
    expect(names.map(({ name }) => name).sort()).toEqual([
      'repoformer.v1.CompletionService',
      'repoformer.v1.ModelService',
      'repoformer.v1.PolicyService',
      'repoformer.v1.RepositoryService',
      'repoformer.v1.RetrievalService',
    ]);
    const files = await ask({ fileContainingSymbol: 'repoformer.v1.CompletionService' });
    const { fileDescriptorProto } = files['fileDescriptorResponse'] as unknown as {
      fileDescriptorProto: Buffer[];
    };
    expect(fileDescriptorProto.length).toBeGreaterThanOrEqual(3);
    client.close();
  });
});
