import { overlapping, type SourceFile } from './source-file.js';

/** How many more brackets a range of code opens than it closes; those in comments and strings do not count. */
export function bracketDepth(file: SourceFile, start: number, end: number): number {
  let depth = 0;
  let at = start;
  const count = (code: string) => {
    for (const char of code) {
      if ('([{'.includes(char)) depth += 1;
      else if (')]}'.includes(char)) depth -= 1;
    }
  };
  for (const prose of overlapping(file.prose, start, end)) {
    count(file.text.slice(at, Math.max(at, prose.start)));
    at = Math.max(at, prose.end);
  }
  count(file.text.slice(Math.min(at, end), end));
  return depth;
}
