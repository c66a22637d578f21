import { create } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { AppError } from '@repoformer/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CompleteRequestSchema,
  Feedback,
  ReportRequestSchema,
  RetrievalMode,
  WarmRequestSchema,
} from '../gen/repoformer/v1/completion_pb.js';
import { ScoreRequestSchema } from '../gen/repoformer/v1/policy_pb.js';
import { RetrieveRequestSchema } from '../gen/repoformer/v1/retrieval_pb.js';
import { parseCompleteRequest, parseWarmRequest } from './complete-request.js';
import { parseReportRequest } from './report.js';
import { parseRetrieveRequest } from './retrieval.js';
import { parseScoreRequest } from './score.js';

type Init = MessageInitShape<typeof CompleteRequestSchema>;
const complete = (init: Init, remainingMs?: number) =>
  parseCompleteRequest(create(CompleteRequestSchema, init), { remainingMs });

/** The field an invalid_argument error names; fails when there is no such error. */
function fieldAtFault(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ kind: 'invalid_argument' });
    return (error as AppError).meta['field'];
  }
  throw new Error('accepted');
}

const MIB = 1024 * 1024;

describe('parseCompleteRequest', () => {
  it('fills in the defaults', () => {
    expect(complete({})).toEqual({
      repository: '',
      path: '',
      prefix: '',
      suffix: '',
      language: '',
      mode: 'auto',
      maxTokens: 64,
      maxLines: 0,
      openBuffers: [],
      session: '',
      explain: false,
      stop: [],
      hints: [],
    });
  });

  it('takes max_tokens 0 as the default it is given', () => {
    const parse = (maxTokens: number) =>
      parseCompleteRequest(create(CompleteRequestSchema, { maxTokens }), { defaultMaxTokens: 100 }).maxTokens;
    expect([parse(0), parse(5)]).toEqual([100, 5]);
  });

  it('keeps every field', () => {
    const request = complete({
      repository: '/r',
      path: 'src/a b.ts',
      prefix: 'p',
      suffix: 's',
      language: 'c++',
      mode: RetrievalMode.ALWAYS,
      maxTokens: 1024,
      maxLines: 3,
      sampling: { temperature: 0.5, topP: 0.9, topK: 40, seed: 7n },
      openBuffers: [{ path: 'b.ts', content: 'x' }],
      budget: { seconds: 1n, nanos: 500_000_000 },
      session: 'tab-1',
      explain: true,
      stop: ['\n\n'],
      hints: [{ path: '', text: 'h' }],
    });
    expect(request).toEqual({
      repository: '/r',
      path: 'src/a b.ts',
      prefix: 'p',
      suffix: 's',
      language: 'c++',
      mode: 'always',
      maxTokens: 1024,
      maxLines: 3,
      sampling: { temperature: 0.5, topP: 0.9, topK: 40, seed: 7 },
      openBuffers: [{ path: 'b.ts', content: 'x' }],
      budgetMs: 1500,
      session: 'tab-1',
      explain: true,
      stop: ['\n\n'],
      hints: [{ path: '', text: 'h' }],
    });
    expect(complete({ threshold: 0 }).threshold).toBe(0);
  });

  it.each<[string, Init]>([
    ['path', { path: '/etc/passwd' }],
    ['path', { path: 'C:/x.ts' }],
    ['path', { path: 'a\\b.ts' }],
    ['path', { path: '../x.ts' }],
    ['path', { path: 'a/../x.ts' }],
    ['path', { path: './x.ts' }],
    ['path', { path: 'a//x.ts' }],
    ['path', { path: 'a/' }],
    ['path', { path: 'a\0b' }],
    ['path', { path: 'a\nb' }],
    ['path', { path: 'x'.repeat(4097) }],
    ['repository', { repository: 'a\0' }],
    ['prefix', { prefix: 'x'.repeat(4 * MIB + 1) }],
    ['suffix', { suffix: 'é'.repeat(2 * MIB + 1) }],
    ['language', { language: 'x'.repeat(129) }],
    ['mode', { mode: 9 as RetrievalMode }],
    ['threshold', { threshold: 1.01 }],
    ['threshold', { threshold: -0.01 }],
    ['threshold', { threshold: NaN }],
    ['threshold', { threshold: 0.5, mode: RetrievalMode.NEVER }],
    ['max_tokens', { maxTokens: 1025 }],
    ['sampling.temperature', { sampling: { temperature: -1 } }],
    ['sampling.temperature', { sampling: { temperature: NaN } }],
    ['sampling.temperature', { sampling: { temperature: 3 } }],
    ['sampling.top_p', { sampling: { temperature: 1, topP: 1.5 } }],
    ['budget', { budget: {} }],
    ['budget', { budget: { seconds: -1n } }],
    ['budget', { budget: { nanos: -5 } }],
    ['budget', { budget: { seconds: 3601n } }],
    ['budget', { budget: { seconds: 9223372036854775807n } }],
    ['session', { session: 'x'.repeat(257) }],
    ['stop', { stop: Array.from({ length: 17 }, () => 'x') }],
    ['stop[1]', { stop: ['x', ''] }],
    ['stop[0]', { stop: ['x'.repeat(257)] }],
    ['open_buffers', { openBuffers: Array.from({ length: 257 }, (_, i) => ({ path: `${i}` })) }],
    ['open_buffers[0].path', { openBuffers: [{ path: '' }] }],
    ['open_buffers[1].path', { openBuffers: [{ path: 'a' }, { path: 'a' }] }],
    ['open_buffers[0].content', { openBuffers: [{ path: 'a', content: 'x'.repeat(4 * MIB + 1) }] }],
    ['hints', { hints: Array.from({ length: 65 }, () => ({})) }],
    ['hints[0].path', { hints: [{ path: 'a\nb' }] }],
    ['hints[0].text', { hints: [{ text: 'x'.repeat(256 * 1024 + 1) }] }],
  ])('refuses a bad %s', (field, init) => {
    expect(fieldAtFault(() => complete(init))).toBe(field);
  });

  it('accepts texts of exactly the limit', () => {
    expect(complete({ prefix: 'x'.repeat(4 * MIB), suffix: 'é'.repeat(2 * MIB) }).prefix).toHaveLength(
      4 * MIB,
    );
  });

  it('never puts text of the request into its errors', () => {
    for (const init of [{ stop: ['secret'.repeat(50)] }, { path: '/secret' }, { language: 'secret\n' }]) {
      try {
        complete(init);
        expect.unreachable();
      } catch (error) {
        expect((error as AppError).message).not.toContain('secret');
      }
    }
  });

  it('accepts exactly the plain relative paths', () => {
    const segment = fc.stringMatching(/^[a-z.\\: ]{0,3}$/);
    const isPlain = (path: string): boolean =>
      !path.includes('\\') &&
      !/^[A-Za-z]:/.test(path) &&
      path.split('/').every((part) => !['', '.', '..'].includes(part));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (parts) => {
        const path = parts.join('/');
        fc.pre(path !== '');
        let accepted = true;
        try {
          complete({ path });
        } catch {
          accepted = false;
        }
        expect(accepted).toBe(isPlain(path));
      }),
    );
  });

  it('takes the smaller of budget and deadline, some of the latter kept back', () => {
    const budget = { seconds: 1n };
    expect(complete({ budget }, 500).budgetMs).toBe(475);
    expect(complete({ budget }, 5000).budgetMs).toBe(1000);
    expect(complete({}, 500).budgetMs).toBe(475);
    expect(complete({}, 10).budgetMs).toBe(1);
  });

  it('samples greedily at temperature 0, with every token at top_p 0, and folds long seeds', () => {
    expect(complete({ sampling: { temperature: 0, seed: 1n } }).sampling).toBeUndefined();
    const seed = (value: bigint) => complete({ sampling: { temperature: 1, seed: value } }).sampling;
    expect(seed(1n)).toEqual({ temperature: 1, topP: 1, topK: 0, seed: 1 });
    expect(seed(1n << 32n)?.seed).toBe(1);
    expect(seed((1n << 64n) - 1n)?.seed).toBe(0);
  });
});

describe('the other requests', () => {
  it('warm needs a request', () => {
    expect(fieldAtFault(() => parseWarmRequest(create(WarmRequestSchema, {})))).toBe('request');
    expect(parseWarmRequest(create(WarmRequestSchema, { request: { path: 'a' } })).path).toBe('a');
  });

  it('retrieve has defaults and limits', () => {
    const retrieve = (init: MessageInitShape<typeof RetrieveRequestSchema>) =>
      parseRetrieveRequest(create(RetrieveRequestSchema, init), 'bm25');
    expect(retrieve({ repository: 'r' })).toEqual({
      repository: 'r',
      path: '',
      prefix: '',
      suffix: '',
      retriever: 'bm25',
      topK: 10,
      alignment: 'block',
      openBuffers: [],
    });
    expect(retrieve({ repository: 'r', retriever: 'jaccard', topK: 100 })).toMatchObject({
      retriever: 'jaccard',
      topK: 100,
    });
    expect(fieldAtFault(() => retrieve({}))).toBe('repository');
    expect(fieldAtFault(() => retrieve({ repository: 'r', topK: 101 }))).toBe('top_k');
    expect(fieldAtFault(() => retrieve({ repository: 'r', retriever: 'bm26' }))).toBe('retriever');
  });

  it('score has an optional repository and threshold', () => {
    const score = (init: MessageInitShape<typeof ScoreRequestSchema>) =>
      parseScoreRequest(create(ScoreRequestSchema, init));
    expect(score({})).toEqual({ repository: '', path: '', prefix: '', suffix: '', policy: '' });
    expect(score({ threshold: 1, policy: 'self' })).toMatchObject({ threshold: 1, policy: 'self' });
    expect(fieldAtFault(() => score({ threshold: 2 }))).toBe('threshold');
  });

  it('report needs an id and a named feedback', () => {
    const report = (init: MessageInitShape<typeof ReportRequestSchema>) =>
      parseReportRequest(create(ReportRequestSchema, init));
    expect(report({ completionId: 'x', feedback: Feedback.ACCEPTED, acceptedLength: 4 })).toEqual({
      completionId: 'x',
      feedback: 'accepted',
    });
    expect(report({ completionId: 'x', feedback: Feedback.ACCEPTED_PARTLY, acceptedLength: 4 })).toEqual({
      completionId: 'x',
      feedback: 'accepted_partly',
      acceptedLength: 4,
    });
    expect(fieldAtFault(() => report({ feedback: Feedback.SHOWN }))).toBe('completion_id');
    expect(fieldAtFault(() => report({ completionId: 'x' }))).toBe('feedback');
  });
});
