import { isIdentifier, partialWord, wordsOf } from '../corpus/words.js';
import type { QueryText } from './query-words.js';

/** How far back the call around the cursor is looked for, in characters. */
const CALL_CHARS = 600;

/** The names that a completion at the cursor is about, each once, the most telling first. */
export function namesAtCursor({ prefix }: QueryText): readonly string[] {
  const partial = partialWord(prefix);
  const before = prefix.slice(0, prefix.length - partial.length);
  // Where nothing is typed yet, the line above tells what is being done.
  const line = before.trimEnd().split('\n').at(-1)!;
  const names = [receiverAt(before), calleeAround(before), wordsOf(line).findLast(isIdentifier)];
  return [...new Set(names.filter((name) => name !== undefined && isIdentifier(name)))] as string[];
}

/** `a` of `a.` or `a?.` at the end of a text. */
export function receiverAt(before: string): string | undefined {
  return /([\w$\u0080-\uffff]+)\s*(?:\?\.|\.|->|::)\s*$/.exec(before.slice(-200))?.[1];
}

/** The name of the innermost call whose arguments are being written. */
export function calleeAround(before: string): string | undefined {
  const text = before.slice(-CALL_CHARS);
  let depth = 0;
  for (let at = text.length - 1; at >= 0; at--) {
    const character = text[at];
    if (character === ')') depth++;
    if (character !== '(') continue;
    if (depth === 0) return /([\w$\u0080-\uffff]+)\s*$/.exec(text.slice(Math.max(0, at - 200), at))?.[1];
    depth--;
  }
  return undefined;
}
