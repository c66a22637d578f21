import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { IndexState as State, RepositoryStatus } from '@repoformer/domain';
import { IndexState } from '../gen/repoformer/v1/repository_pb.js';
import type { RepositorySchema } from '../gen/repoformer/v1/repository_pb.js';

const STATES = {
  pending: IndexState.PENDING,
  indexing: IndexState.INDEXING,
  ready: IndexState.READY,
  failed: IndexState.FAILED,
} as const satisfies Record<State, IndexState>;

/** A repository's state as it is sent. */
export function toRepositoryMessage(status: RepositoryStatus): MessageInitShape<typeof RepositorySchema> {
  const { progress } = status;
  return {
    id: status.id,
    root: status.root,
    state: STATES[status.state],
    headCommit: status.headCommit ?? '',
    indexedCommit: status.indexedCommit ?? '',
    files: BigInt(status.files),
    chunks: BigInt(status.chunks),
    lines: BigInt(status.lines),
    skipped: Object.fromEntries(
      Object.entries(status.skipped).map(([reason, count]) => [reason, BigInt(count)]),
    ),
    ...(status.indexedAt !== undefined && { indexedAt: timestampFromDate(status.indexedAt) }),
    ...(progress !== undefined && {
      progress: {
        filesDone: BigInt(progress.filesDone),
        filesTotal: BigInt(progress.filesTotal),
        bytesDone: BigInt(progress.bytesDone),
      },
    }),
    problem: status.problem ?? '',
  };
}
