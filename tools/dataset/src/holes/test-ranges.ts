import type { TextRange } from '@repoformer/syntax';

/** An attribute of what is compiled for tests only: `test` alone or among others, not negated and no feature's name. */
const CFG_TEST = /^[ \t]*#\[cfg\b(?!.*\bnot\(\s*test\b).*[(,]\s*test\s*[,)].*\]\s*$/;
const MODULE = /^([ \t]*)(?:pub(?:\([\w:\s]{1,40}\))?\s+)?mod\s+\w+\s*\{/;
/** Longer lines are nobody's attributes, and made to keep an expression busy. */
const MAX_ATTRIBUTE_CHARS = 240;
/** Further attributes and remarks between the two. */
const MAX_LINES_BETWEEN = 5;

/**
 * Parts of a file that test the rest of it, by the customs of the language: in Rust, modules for `cfg(test)`. A
 * module ends with the brace that is indented as its first line; without one, with the file.
 */
export function testRanges(text: string, language: string): TextRange[] {
  if (language !== 'rust' || !text.includes('cfg(')) return [];
  const lines = text.split('\n');
  const starts: number[] = [];
  let offset = 0;
  for (const line of lines) {
    starts.push(offset);
    offset += line.length + 1;
  }
  const ranges: TextRange[] = [];
  for (let at = 0; at < lines.length; at++) {
    if (lines[at]!.length > MAX_ATTRIBUTE_CHARS || !CFG_TEST.test(lines[at]!)) continue;
    let first = at + 1;
    while (first <= at + MAX_LINES_BETWEEN && /^\s*(?:#|\/\/)/.test(lines[first] ?? '')) first += 1;
    const indentation = MODULE.exec((lines[first] ?? '').slice(0, MAX_ATTRIBUTE_CHARS))?.[1];
    if (indentation === undefined) continue;
    let last = first + 1;
    while (last < lines.length && !lines[last]!.startsWith(`${indentation}}`)) last += 1;
    const end = last < lines.length ? starts[last]! + indentation.length + 1 : text.length;
    ranges.push({ start: starts[at]!, end });
    at = last;
  }
  return ranges;
}
