import { describe, expect, it } from 'vitest';
import { pickMerge } from './merge-policy.js';
import type { Segment } from './segment.js';

const limits = { bufferWindows: 10, maxSegmentWindows: 1000 };
/** Only the sizes matter to the policy. */
const segments = (...sizes: [live: number, all: number][]) =>
  sizes.map(([liveWindows, windowCount]) => ({ liveWindows, windowCount }) as Segment);
const full = (...sizes: number[]) => segments(...sizes.map((size): [number, number] => [size, size]));
const sizesOf = (merge: Segment[] | undefined) => merge?.map(({ liveWindows }) => liveWindows);

describe('pickMerge', () => {
  it.each<[string, Segment[], number[] | undefined]>([
    ['nothing from nothing', [], undefined],
    ['nothing while there are three of a size', full(10, 11, 12, 160, 170, 40), undefined],
    ['four of a size', full(500, 10, 40, 12, 11, 39), [10, 11, 12, 39]],
    ['the smallest size first', full(200, 200, 200, 200, 10, 10, 10, 10), [10, 10, 10, 10]],
    ['as many as fit', full(400, 330, 340, 320), [320, 330, 340]],
    ['nothing when no two fit', full(600, 600, 600, 600, 600), undefined],
    ['a segment of mostly removed windows, alone', segments([10, 10], [49, 100]), [49]],
    ['nothing when half are removed', segments([10, 10], [50, 100]), undefined],
  ])('picks %s', (_, given, expected) => {
    expect(sizesOf(pickMerge(given, limits))).toEqual(expected);
  });
});
