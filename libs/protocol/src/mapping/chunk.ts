import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Chunk } from '@repoformer/domain';
import type { ChunkSchema } from '../gen/repoformer/v1/chunk_pb.js';

/** A chunk as it is sent, with its text or without. */
export function toChunkMessage(chunk: Chunk, withText: boolean): MessageInitShape<typeof ChunkSchema> {
  return {
    path: chunk.path,
    startLine: chunk.startLine,
    endLine: chunk.endLine,
    score: chunk.score,
    ...(withText && { text: chunk.text }),
    ...(chunk.matchedLine !== undefined && { matchedLine: chunk.matchedLine }),
  };
}
