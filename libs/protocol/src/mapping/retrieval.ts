import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  alignmentOf,
  AppError,
  invalidArgument,
  RETRIEVER_NAMES,
  type RetrievalQuery,
  type RetrievalResult,
  type RetrieverName,
} from '@repoformer/domain';
import type { RetrieveRequest, RetrieveResponseSchema } from '../gen/repoformer/v1/retrieval_pb.js';
import { toChunkMessage } from './chunk.js';
import {
  checkOpenBuffers,
  checkRelativePath,
  checkRepository,
  checkText,
  REQUEST_LIMITS,
} from './request-checks.js';

/**
 * The checked query; its `repository` is still what the client sent (an id or a path).
 *
 * @param configured What an empty `retriever` stands for.
 * @param defaultTopK What `top_k` 0 stands for.
 * @throws AppError invalid_argument/INVALID_REQUEST, naming the field; invalid_argument/RETRIEVER_UNKNOWN.
 */
export function parseRetrieveRequest(
  request: RetrieveRequest,
  configured: RetrieverName,
  defaultTopK: number = REQUEST_LIMITS.defaultTopK,
): RetrievalQuery {
  const name = request.retriever === '' ? configured : request.retriever;
  const retriever = RETRIEVER_NAMES.find((each) => each === name);
  if (retriever === undefined) {
    throw new AppError({
      kind: 'invalid_argument',
      reason: 'RETRIEVER_UNKNOWN',
      message: `retriever: none has this name; there is: ${RETRIEVER_NAMES.join(', ')}`,
      meta: { field: 'retriever' },
    });
  }
  if (request.topK > REQUEST_LIMITS.topK) {
    throw invalidArgument('top_k', `must be at most ${REQUEST_LIMITS.topK}`);
  }
  return {
    repository: checkRepository('repository', request.repository, false),
    path: checkRelativePath('path', request.path, true),
    prefix: checkText('prefix', request.prefix, REQUEST_LIMITS.textBytes),
    suffix: checkText('suffix', request.suffix, REQUEST_LIMITS.textBytes),
    retriever,
    topK: request.topK === 0 ? defaultTopK : request.topK,
    alignment: request.following ? 'following' : alignmentOf(retriever),
    openBuffers: checkOpenBuffers('open_buffers', request.openBuffers),
  };
}

/** What was retrieved as it is sent: chunks always with their text. */
export function toRetrieveResponse(
  result: RetrievalResult,
  retrieveMs: number,
): MessageInitShape<typeof RetrieveResponseSchema> {
  return {
    chunks: result.chunks.map((chunk) => toChunkMessage(chunk, true)),
    indexedCommit: result.indexedCommit ?? '',
    retrieveMs,
  };
}
