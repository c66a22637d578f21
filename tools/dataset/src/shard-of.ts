import { invalidArgument } from '@repoformer/domain';

/** One of the equal parts that work is spread over. */
export interface Shard {
  /** Counted from 0. */
  readonly shard: number;
  readonly shards: number;
}

/**
 * The part that something falls to, whatever else there is.
 *
 * @param digest of what it is, in hex: its first 8 digits count
 */
export function shardOf(digest: string, shards: number): number {
  return Number.parseInt(digest.slice(0, 8), 16) % shards;
}

/** @throws AppError invalid_argument where there is no such part */
export function checkShard({ shard, shards }: { readonly shard?: number; readonly shards: number }): void {
  if (shards === 0) throw invalidArgument('shards', 'must be 1 or more');
  if (shard !== undefined && shard >= shards) {
    throw invalidArgument('shard', `${shard} is none of ${shards}: they are counted from 0 to ${shards - 1}`);
  }
}
