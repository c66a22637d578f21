import { isBlank } from './indentation.js';

/** Longest block of lines that is watched for repeating itself. */
const MAX_BLOCK_LINES = 6;
/** Equal lines in a row that are still taken for intent (rows of a table). */
const EQUAL_LINES = 3;
const MAX_PERIOD_CHARS = 24;

/**
 * Where generated text has begun to go round in circles: the start of the repetition that proves it. A line may
 * follow its like twice, a block of two to six lines once; the next time, and a long run of the same few
 * characters, is a loop.
 */
export function findLoop(text: string): number | undefined {
  const lines = text.split('\n');
  const last = lines.pop()!;
  let at = 0;
  for (const [index, line] of lines.entries()) {
    if (!isBlank(line) && expectedNext(lines.slice(0, index)).includes(line)) return at - 1;
    at += line.length + 1;
  }
  return isPeriodic(last) ? text.length : undefined;
}

/** Whether the unfinished last line may yet turn out to be the line that closes a loop. */
export function heldByLoop(text: string): boolean {
  const lines = text.split('\n');
  const last = lines.pop()!;
  return !isBlank(last) && expectedNext(lines).some((line) => line.startsWith(last));
}

/** Lines that would begin one repetition too many after `lines`. */
function expectedNext(lines: readonly string[]): string[] {
  const expected: string[] = [];
  for (let size = 1; size <= MAX_BLOCK_LINES; size++) {
    const times = size === 1 ? EQUAL_LINES : 2;
    if (lines.length < size * times) continue;
    const block = lines.slice(-size);
    if (block.every(isBlank)) continue;
    const repeats = Array.from({ length: times - 1 }, (_, nth) =>
      lines.slice(-size * (nth + 2), -size * (nth + 1)),
    );
    if (repeats.every((each) => each.every((line, index) => line === block[index]))) expected.push(block[0]!);
  }
  return expected;
}

/** Whether a line ends in the same few characters over and over. Rulers of one sign may be longer. */
function isPeriodic(line: string): boolean {
  for (let period = 1; period <= MAX_PERIOD_CHARS; period++) {
    const length = period === 1 ? 160 : Math.max(48, period * 3);
    if (line.length < length) continue;
    const tail = line.slice(-length);
    if (tail.slice(period) === tail.slice(0, -period)) return true;
  }
  return false;
}
