import type { CompletionEvent, CompletionRequest, Usage } from '@repoformer/domain';
import {
  parseCompleteRequest,
  parseReportRequest,
  parseWarmRequest,
  toCompleteResponse,
} from '@repoformer/protocol';
import type { CallFacts, ServiceImplementation, CompletionService } from '@repoformer/protocol';
import type { CompletionLog } from '../feedback/completion-log.js';

/** What the handlers need of the completion use case. */
export interface Completions {
  complete(request: CompletionRequest, signal: AbortSignal): AsyncIterable<CompletionEvent>;
  warm(request: CompletionRequest, signal: AbortSignal): Promise<Usage>;
}

/** What the log tells of an event: outcomes and counts, no text. */
function factsOf(event: CompletionEvent): CallFacts {
  switch (event.kind) {
    case 'decision': {
      const { outcome, policy, probability } = event.decision;
      return { decision: outcome, policy, ...(probability !== undefined && { probability }) };
    }
    case 'context':
      return { context: event.context.outcome, chunks: event.context.chunks.length };
    case 'text':
      return {};
    case 'finished':
      return {
        finish: event.reason,
        promptTokens: event.usage.prompt,
        reusedTokens: event.usage.reused,
        contextTokens: event.usage.context,
        generatedTokens: event.usage.generated,
        firstTokenMs: Math.round(event.timings.firstTokenMs),
      };
  }
}

export function createCompletionHandlers(
  completions: Completions,
  log: CompletionLog,
  defaultMaxTokens: number,
): ServiceImplementation<typeof CompletionService> {
  return {
    async *complete(message, context) {
      const request = parseCompleteRequest(message, {
        remainingMs: context.remainingMs(),
        defaultMaxTokens,
      });
      const id = log.begin();
      context.note({ completionId: id, mode: request.mode });
      for await (const event of completions.complete(request, context.signal)) {
        context.note(factsOf(event));
        if (event.kind === 'decision') log.decided(id, event.decision);
        yield toCompleteResponse(id, event, request.explain);
      }
    },
    async warm(message, context) {
      const usage = await completions.warm(
        parseWarmRequest(message, { remainingMs: context.remainingMs(), defaultMaxTokens }),
        context.signal,
      );
      context.note({ promptTokens: usage.prompt, reusedTokens: usage.reused });
      return { usage };
    },
    report(message) {
      log.report(parseReportRequest(message));
      return {};
    },
  };
}
