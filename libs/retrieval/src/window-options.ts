import { invalidArgument } from '@repoformer/domain';

/** How files are cut into windows. */
export interface WindowOptions {
  /** Lines in a window, 1 to {@link MAX_WINDOW_LINES}. */
  readonly windowLines: number;
  /** Lines from one window's start to the next one's, 1 to `windowLines`. */
  readonly strideLines: number;
}

/** Windows of 20 lines, each starting half a window after the one before (Repoformer, section 4). */
export const DEFAULT_WINDOW_OPTIONS: WindowOptions = { windowLines: 20, strideLines: 10 };

export const MAX_WINDOW_LINES = 1000;

/** @throws AppError invalid_argument naming the option at fault. */
export function assertWindowOptions({ windowLines, strideLines }: WindowOptions): void {
  if (!Number.isInteger(windowLines) || windowLines < 1 || windowLines > MAX_WINDOW_LINES) {
    throw invalidArgument('windowLines', `must be a whole number from 1 to ${MAX_WINDOW_LINES}`);
  }
  if (!Number.isInteger(strideLines) || strideLines < 1 || strideLines > windowLines) {
    throw invalidArgument('strideLines', `must be a whole number from 1 to windowLines (${windowLines})`);
  }
}

/** Number of windows of a file: they start at 0, stride, 2 * stride...; the first to reach the end is the last. */
export function windowCountOf(lines: number, { windowLines, strideLines }: WindowOptions): number {
  if (lines === 0) return 0;
  return lines <= windowLines ? 1 : 1 + Math.ceil((lines - windowLines) / strideLines);
}

/**
 * The blocks that windows are made of. Every start and end of a window is a block boundary, so that the words
 * of a window are the union of those of its blocks, and overlapping windows need not repeat them.
 */
export interface BlockLayout {
  /** Blocks from one window's first to the next one's: 1, or 2 where the stride does not divide the window. */
  readonly blocksPerStride: number;
  /** Blocks in a window that the end of the file does not cut. */
  readonly blocksPerWindow: number;
  /** Lines of a block with an even number, and of one with an odd number. */
  readonly evenLines: number;
  readonly oddLines: number;
}

export function blockLayoutOf({ windowLines, strideLines }: WindowOptions): BlockLayout {
  const strides = Math.floor(windowLines / strideLines);
  const rest = windowLines % strideLines;
  return rest === 0
    ? { blocksPerStride: 1, blocksPerWindow: strides, evenLines: strideLines, oddLines: strideLines }
    : {
        blocksPerStride: 2,
        blocksPerWindow: 2 * strides + 1,
        evenLines: rest,
        oddLines: strideLines - rest,
      };
}

/** Number of blocks that hold `lines` lines. */
export function blockCountOf(lines: number, { blocksPerStride, evenLines, oddLines }: BlockLayout): number {
  if (blocksPerStride === 1) return Math.ceil(lines / evenLines);
  const rest = lines % (evenLines + oddLines);
  const whole = 2 * Math.floor(lines / (evenLines + oddLines));
  if (rest === 0) return whole;
  return rest <= evenLines ? whole + 1 : whole + 2;
}
