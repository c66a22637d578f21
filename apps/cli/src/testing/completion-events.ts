import type { MessageInitShape } from '@bufbuild/protobuf';
import { ContextOutcome, DecisionOutcome, FinishReason } from '@repoformer/protocol';
import type { CompleteResponseSchema } from '@repoformer/protocol';

export type CompleteEvent = MessageInitShape<typeof CompleteResponseSchema>;

/** The events of a completion that retrieved one chunk, with the given texts. */
export function completionEvents(texts: readonly string[]): CompleteEvent[] {
  const completionId = 'c1';
  return [
    {
      completionId,
      event: {
        case: 'decision',
        value: {
          outcome: DecisionOutcome.RETRIEVE,
          probability: 0.62,
          threshold: 0.3,
          policy: 'self',
          reason: 'the model asks for context',
        },
      },
    },
    {
      completionId,
      event: {
        case: 'context',
        value: {
          outcome: ContextOutcome.USED,
          chunks: [{ path: 'lib/b.ts', startLine: 0, endLine: 2, score: 0.5 }],
        },
      },
    },
    ...texts.map((text): CompleteEvent => ({ completionId, event: { case: 'text', value: { text } } })),
    {
      completionId,
      event: {
        case: 'finished',
        value: {
          reason: FinishReason.END,
          text: texts.join(''),
          usage: { prompt: 40, generated: texts.length },
          timings: { firstTokenMs: 12, totalMs: 30 },
        },
      },
    },
  ];
}
