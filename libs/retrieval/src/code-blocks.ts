import { isBlank } from './divide-lines.js';
import { columnOf, indentedBlocks } from './indented-blocks.js';
import type { LineRange } from './unseen-text.js';

/** A text is divided in regions of about so many lines, each by itself: what is far away need not be read. */
const REGION_LINES = 128;
/** A region begins at the outermost line after a blank one within so many lines. */
const BORDER_LINES = 64;

/** Lines `startLine` to `endLine` (exclusive) of a text, joined by `\n`. */
export type LineReader = (startLine: number, endLine: number) => string;

/** The blocks of code of a text, found where they are asked for. They depend on the text alone. */
export class CodeBlocks {
  private readonly borders = new Map<number, number>();
  private readonly regions = new Map<number, readonly LineRange[]>();

  /** @param maxLines of a block */
  constructor(
    private readonly read: LineReader,
    private readonly lines: number,
    private readonly maxLines: number,
  ) {}

  /** The blocks that have lines of a range, ascending. */
  within({ from, to }: LineRange): LineRange[] {
    const found: LineRange[] = [];
    const last = Math.floor(Math.max(0, to - 1) / REGION_LINES);
    // A region begins up to half of one late.
    for (let region = Math.max(0, Math.floor(from / REGION_LINES) - 1); region <= last; region++) {
      found.push(...this.region(region).filter((block) => block.to > from && block.from < to));
    }
    return found;
  }

  private region(number: number): readonly LineRange[] {
    let blocks = this.regions.get(number);
    if (blocks === undefined) {
      const [start, end] = [this.border(number), this.border(number + 1)];
      const lines = start < end ? this.read(start, end).split('\n') : [];
      blocks = indentedBlocks(lines, this.maxLines).map(({ from, to }) => ({
        from: start + from,
        to: start + to,
      }));
      this.regions.set(number, blocks);
    }
    return blocks;
  }

  private border(region: number): number {
    let border = this.borders.get(region);
    if (border === undefined) {
      border = this.findBorder(region * REGION_LINES);
      this.borders.set(region, border);
    }
    return border;
  }

  private findBorder(at: number): number {
    if (at === 0 || at >= this.lines) return Math.min(at, this.lines);
    const lines = this.read(at - 1, Math.min(this.lines, at + BORDER_LINES)).split('\n');
    let border = at;
    let least = Infinity;
    for (let i = 1; i < lines.length; i++) {
      if (isBlank(lines[i]) || !isBlank(lines[i - 1])) continue;
      const column = columnOf(lines[i]!);
      if (column >= least) continue;
      least = column;
      border = at - 1 + i;
    }
    return border;
  }
}
