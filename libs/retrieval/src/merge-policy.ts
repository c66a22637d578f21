import type { Segment } from './segment.js';

/** Segments of similar size that are merged together. */
const FAN_OUT = 4;

/** Sizes that decide about merges, in windows. */
export interface MergeLimits {
  /** Size of the smallest segments. */
  readonly bufferWindows: number;
  readonly maxSegmentWindows: number;
}

/**
 * The segments to merge next, if any: one whose windows are mostly of removed documents is rewritten; else the
 * smallest of four or more that have a similar size (within a factor of four), as many as fit together. So a
 * window is rewritten about once for each fourfold growth, and the number of segments stays logarithmic until
 * they reach the largest size.
 */
export function pickMerge(segments: readonly Segment[], limits: MergeLimits): Segment[] | undefined {
  const stale = segments.find(({ liveWindows, windowCount }) => liveWindows * 2 < windowCount);
  if (stale !== undefined) return [stale];

  const tiers = new Map<number, Segment[]>();
  for (const segment of segments) {
    const tier = Math.max(
      0,
      Math.floor(Math.log(segment.liveWindows / limits.bufferWindows) / Math.log(FAN_OUT)),
    );
    tiers.set(tier, [...(tiers.get(tier) ?? []), segment]);
  }
  for (const [, members] of [...tiers].sort(([a], [b]) => a - b)) {
    if (members.length < FAN_OUT) continue;
    members.sort((a, b) => a.liveWindows - b.liveWindows);
    let windows = 0;
    const fitting = members.filter(({ liveWindows }) => (windows += liveWindows) <= limits.maxSegmentWindows);
    if (fitting.length > 1) return fitting;
  }
  return undefined;
}
