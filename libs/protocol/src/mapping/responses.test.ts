import { create, toJson } from '@bufbuild/protobuf';
import type { CompletionEvent, RepositoryStatus } from '@repoformer/domain';
import { describe, expect, it } from 'vitest';
import { CompleteResponseSchema } from '../gen/repoformer/v1/completion_pb.js';
import { ModelSchema } from '../gen/repoformer/v1/model_pb.js';
import { RepositorySchema } from '../gen/repoformer/v1/repository_pb.js';
import { RetrieveResponseSchema } from '../gen/repoformer/v1/retrieval_pb.js';
import { toCompleteResponse } from './completion-event.js';
import { toModelMessage } from './model.js';
import { toRepositoryMessage } from './repository.js';
import { toRetrieveResponse } from './retrieval.js';

const chunk = { path: 'a.ts', startLine: 10, endLine: 20, score: 0.5, text: 'the text', matchedLine: 0 };
const event = (value: CompletionEvent, explain = false) =>
  toJson(CompleteResponseSchema, create(CompleteResponseSchema, toCompleteResponse('id', value, explain)));

describe('toCompleteResponse', () => {
  it('sends each event under the completion id', () => {
    expect(
      event({
        kind: 'decision',
        decision: { outcome: 'abstain', probability: 0, policy: 'self', reason: 'r', chunks: 2 },
      }),
    ).toEqual({
      completionId: 'id',
      decision: {
        outcome: 'DECISION_OUTCOME_ABSTAIN',
        probability: 0,
        policy: 'self',
        reason: 'r',
        chunks: 2,
      },
    });
    expect(event({ kind: 'text', text: 'x' })).toEqual({ completionId: 'id', text: { text: 'x' } });
    const usage = { prompt: 4, reused: 3, context: 2, generated: 1 };
    const timings = {
      queueMs: 1,
      decideMs: 2,
      retrieveMs: 3,
      prefillMs: 4,
      firstTokenMs: 5,
      decodeMs: 6,
      totalMs: 7,
    };
    expect(event({ kind: 'finished', reason: 'superseded', text: 'x', usage, timings })).toEqual({
      completionId: 'id',
      finished: { reason: 'FINISH_REASON_SUPERSEDED', text: 'x', usage, timings },
    });
  });

  it('sends the text of chunks only when asked to explain', () => {
    const context = {
      kind: 'context',
      context: { outcome: 'used', chunks: [chunk], indexedCommit: 'aa', headCommit: undefined },
    } as const;
    const { text, ...place } = chunk;
    expect(event(context)).toEqual({
      completionId: 'id',
      context: { outcome: 'CONTEXT_OUTCOME_USED', chunks: [place], indexedCommit: 'aa' },
    });
    expect(JSON.stringify(event(context))).not.toContain(text);
    expect(JSON.stringify(event(context, true))).toContain(text);
  });
});

describe('toRepositoryMessage', () => {
  const status: RepositoryStatus = {
    id: '0123456789abcdef',
    root: '/r',
    state: 'indexing',
    headCommit: undefined,
    indexedCommit: undefined,
    files: 1,
    chunks: 2,
    lines: 3,
    skipped: { binary: 4 },
    indexedAt: undefined,
  };
  const json = (value: RepositoryStatus) =>
    toJson(RepositorySchema, create(RepositorySchema, toRepositoryMessage(value)));

  it('leaves out what is not known', () => {
    expect(json(status)).toEqual({
      id: status.id,
      root: '/r',
      state: 'INDEX_STATE_INDEXING',
      files: '1',
      chunks: '2',
      lines: '3',
      skipped: { binary: '4' },
    });
  });

  it('sends progress, problem and time', () => {
    expect(
      json({
        ...status,
        progress: { filesDone: 1, filesTotal: 2, bytesDone: 3 },
        problem: 'p',
        indexedAt: new Date(1500),
        headCommit: 'aa',
        indexedCommit: 'bb',
      }),
    ).toMatchObject({
      progress: { filesDone: '1', filesTotal: '2', bytesDone: '3' },
      problem: 'p',
      indexedAt: '1970-01-01T00:00:01.500Z',
      headCommit: 'aa',
      indexedCommit: 'bb',
    });
  });
});

it('toRetrieveResponse sends chunks with their text, best first', () => {
  const result = {
    chunks: [chunk, { ...chunk, path: 'b.ts', score: 0.25 }],
    indexedCommit: 'aa',
    headCommit: 'aa',
    state: 'ready',
    generation: 1,
  } as const;
  const json = toJson(
    RetrieveResponseSchema,
    create(RetrieveResponseSchema, toRetrieveResponse(result, 1.5)),
  );
  expect(json).toEqual({
    chunks: [chunk, { ...chunk, path: 'b.ts', score: 0.25 }],
    indexedCommit: 'aa',
    retrieveMs: 1.5,
  });
});

it('toModelMessage tells a loaded model from one that is not', () => {
  const report = { name: 'm', roles: ['generator'], family: '', adapters: ['a'], selfSelecting: false };
  const json = (value: Parameters<typeof toModelMessage>[0]) =>
    toJson(ModelSchema, create(ModelSchema, toModelMessage(value)));
  expect(json(report)).toEqual({ name: 'm', roles: ['generator'], adapters: ['a'] });
  const loaded = {
    info: {
      name: 'm',
      architecture: 'qwen2',
      parameters: 494_000_000,
      fileBytes: 5_000_000_000,
      memoryBytes: 2,
      contextTokens: 4096,
      device: 'cpu',
      specialTokens: {},
      vocabularySize: 1_114_112,
      fimTokens: {},
      endTokens: [],
      metadata: {},
    },
    counters: {
      evaluatedTokens: 1,
      reusedTokens: 2,
      generatedTokens: 3,
      requests: 4,
      cancelledRequests: 5,
      restarts: 6,
    },
  };
  expect(json({ ...report, loaded })).toMatchObject({
    loaded: true,
    architecture: 'qwen2',
    fileBytes: '5000000000',
    counters: { evaluatedTokens: '1', reusedTokens: '2', cancelledRequests: '5', restarts: '6' },
  });
});
