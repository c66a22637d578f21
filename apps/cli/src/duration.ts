import { invalidArgument } from '@repoformer/domain';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** `500ms`, `2s`, `1.5s`, `1m` to milliseconds. */
export function parseDuration(option: string, text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m)$/.exec(text);
  const ms = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ''] ?? NaN);
  if (!(ms > 0)) {
    throw invalidArgument(option, `${JSON.stringify(text)} is no time; write 500ms, 2s or 1m`);
  }
  return ms;
}

/** Milliseconds as a protobuf Duration. */
export function toDuration(ms: number): { seconds: bigint; nanos: number } {
  const nanos = Math.round(ms * 1e6);
  return { seconds: BigInt(Math.floor(nanos / 1e9)), nanos: nanos % 1e9 };
}
