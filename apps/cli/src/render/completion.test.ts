import { create } from '@bufbuild/protobuf';
import {
  ContextOutcome,
  ContextSchema,
  DecisionOutcome,
  DecisionSchema,
  FinishedSchema,
  FinishReason,
} from '@repoformer/protocol';
import { expect, it } from 'vitest';
import { renderContext, renderDecision, renderFinished } from './completion.js';
import { COLOURS, PLAIN } from './style.js';

const decision = create(DecisionSchema, {
  outcome: DecisionOutcome.RETRIEVE,
  probability: 0.617,
  threshold: 0.3,
  policy: 'self',
  reason: 'the model asks for context',
});

const chunk = {
  path: 'src/a.ts',
  startLine: 9,
  endLine: 11,
  score: 0.412,
  text: 'one();\n  \x1b[2Jtwo();',
  matchedLine: 0,
};

it('renders decisions', () => {
  expect(renderDecision(decision, PLAIN)).toBe('retrieve  P 0.62 > 0.30  self: the model asks for context');
  expect(renderDecision({ ...decision, outcome: DecisionOutcome.ABSTAIN, probability: 0.1 }, PLAIN)).toBe(
    'abstain  P 0.10 <= 0.30  self: the model asks for context',
  );
  const forced = create(DecisionSchema, {
    outcome: DecisionOutcome.ABSTAIN,
    policy: 'never',
    reason: 'asked',
  });
  expect(renderDecision(forced, COLOURS)).toBe('\x1b[33mabstain\x1b[39m  \x1b[2mnever: asked\x1b[22m');
});

it('renders context', () => {
  const used = create(ContextSchema, {
    outcome: ContextOutcome.USED,
    chunks: [chunk],
    indexedCommit: 'a'.repeat(40),
    headCommit: 'b'.repeat(40),
    prompt: {
      family: 'repoformer',
      placement: 'after-suffix',
      parts: [
        { kind: 'marker', tokens: 1, text: '<fim_prefix>' },
        { kind: 'prefix', tokens: 1200, text: 'x' },
        { kind: 'context', tokens: 30, text: 'y' },
      ],
    },
  });
  expect(renderContext(used, PLAIN, false)).toBe(
    'context used, 1 chunk, index at aaaaaaaaaa, HEAD at bbbbbbbbbb\n  0.41  src/a.ts:10-11',
  );
  expect(renderContext(used, PLAIN, true))
    .toBe(`context used, 1 chunk, index at aaaaaaaaaa, HEAD at bbbbbbbbbb
0.41  src/a.ts:10-11  after a match at line 1
10 | one();
11 |   ␛[2Jtwo();
prompt  repoformer, after-suffix: prefix 1,200, context 30 tokens`);
});

it('renders what it cost', () => {
  const finished = create(FinishedSchema, {
    reason: FinishReason.STOP_RULE,
    usage: { prompt: 912, reused: 700, context: 210, generated: 37 },
    timings: {
      decideMs: 12.3,
      retrieveMs: 3.04,
      prefillMs: 210,
      firstTokenMs: 240,
      decodeMs: 900,
      totalMs: 1140,
    },
  });
  expect(renderFinished(finished, PLAIN, false)).toBe(
    'done 37 tokens, a stop rule ended it, first after 240 ms, total 1.1 s',
  );
  expect(renderFinished(finished, PLAIN, true))
    .toBe(`done 37 tokens, a stop rule ended it, first after 240 ms, total 1.1 s
  tokens: prompt 912 (reused 700, context 210), generated 37
  times: queue 0 ms, decide 12 ms, retrieve 3.0 ms, prefill 210 ms, first token 240 ms, decode 900 ms, total 1.1 s`);
});

it('says so where what was generated adds no text', () => {
  const finished = create(FinishedSchema, {
    reason: FinishReason.END,
    usage: { generated: 5 },
    timings: { firstTokenMs: 0, totalMs: 2500 },
  });
  expect(renderFinished(finished, PLAIN, false)).toBe(
    'done 5 tokens, the model ended it, no new text, total 2.5 s',
  );
});
