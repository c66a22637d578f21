const OPENERS = '([{';
const CLOSERS = ')]}';

/** Positions of closing brackets that nothing before them in the text opened. Strings and comments count too. */
export function unmatchedClosers(text: string): number[] {
  const unmatched: number[] = [];
  let open = 0;
  for (let index = 0; index < text.length; index++) {
    if (OPENERS.includes(text[index]!)) open++;
    else if (CLOSERS.includes(text[index]!)) {
      if (open > 0) open--;
      else unmatched.push(index);
    }
  }
  return unmatched;
}

/** How many opening brackets are still open at the end of the text. */
export function unmatchedOpeners(text: string): number {
  let open = 0;
  for (const char of text) {
    if (OPENERS.includes(char)) open++;
    else if (CLOSERS.includes(char)) open = Math.max(0, open - 1);
  }
  return open;
}
