import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  CompletionEvent,
  ContextOutcome as Outcome,
  ContextReport,
  FinishReason as Finish,
} from '@repoformer/domain';
import { ContextOutcome, FinishReason } from '../gen/repoformer/v1/completion_pb.js';
import type { CompleteResponseSchema, ContextSchema } from '../gen/repoformer/v1/completion_pb.js';
import { toChunkMessage } from './chunk.js';
import { toDecisionMessage } from './decision.js';

const CONTEXT_OUTCOMES = {
  used: ContextOutcome.USED,
  copied_from: ContextOutcome.COPIED_FROM,
  skipped_by_policy: ContextOutcome.SKIPPED_BY_POLICY,
  nothing_found: ContextOutcome.NOTHING_FOUND,
  index_not_ready: ContextOutcome.INDEX_NOT_READY,
  timed_out: ContextOutcome.TIMED_OUT,
  failed: ContextOutcome.FAILED,
  no_repository: ContextOutcome.NO_REPOSITORY,
} as const satisfies Record<Outcome, ContextOutcome>;

const FINISH_REASONS = {
  end: FinishReason.END,
  stop_rule: FinishReason.STOP_RULE,
  max_tokens: FinishReason.MAX_TOKENS,
  budget: FinishReason.BUDGET,
  superseded: FinishReason.SUPERSEDED,
} as const satisfies Record<Finish, FinishReason>;

/** One event of a completion as it is sent; chunks carry their text only with `explain`. */
export function toCompleteResponse(
  completionId: string,
  event: CompletionEvent,
  explain: boolean,
): MessageInitShape<typeof CompleteResponseSchema> {
  switch (event.kind) {
    case 'decision':
      return { completionId, event: { case: 'decision', value: toDecisionMessage(event.decision) } };
    case 'context':
      return { completionId, event: { case: 'context', value: toContextMessage(event.context, explain) } };
    case 'text':
      return { completionId, event: { case: 'text', value: { text: event.text } } };
    case 'finished':
      return {
        completionId,
        event: {
          case: 'finished',
          value: {
            reason: FINISH_REASONS[event.reason],
            text: event.text,
            usage: event.usage,
            timings: event.timings,
          },
        },
      };
  }
}

function toContextMessage(context: ContextReport, explain: boolean): MessageInitShape<typeof ContextSchema> {
  return {
    outcome: CONTEXT_OUTCOMES[context.outcome],
    chunks: context.chunks.map((chunk) => toChunkMessage(chunk, explain)),
    indexedCommit: context.indexedCommit ?? '',
    headCommit: context.headCommit ?? '',
    ...(explain &&
      context.prompt && {
        prompt: { ...context.prompt, parts: context.prompt.parts.map((part) => ({ ...part })) },
      }),
  };
}
