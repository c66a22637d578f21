import type { Clock, RetrievalQuery, SnippetRetriever } from '@repoformer/domain';
import { parseRetrieveRequest, toRetrieveResponse } from '@repoformer/protocol';
import type { ServiceImplementation, RetrievalService } from '@repoformer/protocol';

/** What a request leaves open: as completions do it. */
export type RetrievalDefaults = Pick<RetrievalQuery, 'retriever' | 'topK' | 'visible'>;

export function createRetrievalHandlers(
  retriever: SnippetRetriever,
  clock: Clock,
  { retriever: name, topK, visible }: RetrievalDefaults,
): ServiceImplementation<typeof RetrievalService> {
  return {
    async retrieve(message, context) {
      const query = { ...parseRetrieveRequest(message, name, topK), ...(visible && { visible }) };
      const startedMs = clock.monotonicMs();
      const result = await retriever.retrieve(query, context.signal);
      const retrieveMs = clock.monotonicMs() - startedMs;
      context.note({ chunks: result.chunks.length, indexState: result.state });
      return toRetrieveResponse(result, retrieveMs);
    },
  };
}
