/** Plain text to token ids, many texts at a time. */
export type Tokenize = (texts: readonly string[]) => Promise<Int32Array[]>;

/** No tokenizer makes fewer than one token of this many characters of code, within reason. */
export const CHARS_PER_TOKEN = 8;

/**
 * The end of a text, as much as fits `budgetTokens`, beginning at a line.
 *
 * The cut stands at every eighth line (fewer for small budgets) counted from the start of the file: it stays where
 * it is while lines are added below, so that the evaluated prefix can be used again.
 */
export async function keepEnd(text: string, budgetTokens: number, tokenize: Tokenize): Promise<Int32Array> {
  if (text === '' || budgetTokens <= 0) return new Int32Array();
  const blockLines = Math.max(1, Math.min(8, Math.floor(budgetTokens / 64)));
  const blocks = blocksFromEnd(text, blockLines, budgetTokens * CHARS_PER_TOKEN);
  const [all, ...each] = await tokenize([blocks.join(''), ...blocks]);
  if (all!.length <= budgetTokens) return all!;
  const counts = each.map((tokens) => tokens.length);
  let from = blocks.length;
  for (let sum = 0; from > 0 && sum + counts[from - 1]! <= budgetTokens; from--) sum += counts[from - 1]!;
  const whole = from < blocks.length ? blocks.slice(from) : blocks.slice(-1);
  const [tokens] = await tokenize([whole.join('')]);
  return tokens!.length > budgetTokens ? tokens!.slice(-budgetTokens) : tokens!;
}

/** The beginning of a text, as many whole lines as fit `budgetTokens`. */
export async function keepStart(text: string, budgetTokens: number, tokenize: Tokenize): Promise<Int32Array> {
  if (text === '' || budgetTokens <= 0) return new Int32Array();
  const head = text.slice(0, budgetTokens * CHARS_PER_TOKEN);
  const [tokens] = await tokenize([head]);
  if (tokens!.length <= budgetTokens) return tokens!;
  const lines = head.match(/[^\n]*\n?/g)!.filter((line) => line !== '');
  const counts = (await tokenize(lines)).map((each) => each.length);
  let fit = 0;
  for (let sum = 0; fit < lines.length && sum + counts[fit]! <= budgetTokens; fit++) sum += counts[fit]!;
  if (fit === 0) return tokens!.slice(0, budgetTokens);
  const [kept] = await tokenize([lines.slice(0, fit).join('')]);
  return kept!.slice(0, budgetTokens);
}

/** The last blocks of `blockLines` whole lines, aligned to the start of the text, of about `maxChars` together. */
function blocksFromEnd(text: string, blockLines: number, maxChars: number): string[] {
  const starts: number[] = [];
  let line = 0;
  for (let at = 0; at >= 0 && at < text.length; line++) {
    if (line % blockLines === 0) starts.push(at);
    const next = text.indexOf('\n', at);
    at = next < 0 ? -1 : next + 1;
  }
  const first = starts.findIndex((start) => text.length - start <= maxChars);
  const kept = first < 0 ? starts.slice(-1) : starts.slice(first);
  const blocks = kept.map((start, index) => text.slice(start, kept[index + 1] ?? text.length));
  // A single enormous line is cut by characters; it will be cut again by tokens.
  return blocks.map((block) => (block.length > maxChars ? block.slice(-maxChars) : block));
}
