import type { Clock, SnippetRetriever } from '@repoformer/domain';
import { parseRetrieveRequest, toRetrieveResponse } from '@repoformer/protocol';
import type { ServiceImplementation, RetrievalService } from '@repoformer/protocol';

/** Names of the retrievers there are; the first is the configured one. */
export const RETRIEVERS = ['jaccard'] as const;

export function createRetrievalHandlers(
  retriever: SnippetRetriever,
  clock: Clock,
  defaultTopK: number,
): ServiceImplementation<typeof RetrievalService> {
  return {
    async retrieve(message, context) {
      const query = parseRetrieveRequest(message, RETRIEVERS, defaultTopK);
      const startedMs = clock.monotonicMs();
      const result = await retriever.retrieve(query, context.signal);
      const retrieveMs = clock.monotonicMs() - startedMs;
      context.note({ chunks: result.chunks.length, indexState: result.state });
      return toRetrieveResponse(result, retrieveMs);
    },
  };
}
