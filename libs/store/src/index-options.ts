import { createHash } from 'node:crypto';

/** What the stored artefacts depend on (window size, tokenizer version, size limits): any change rebuilds the store. */
export type FormatOptions = Readonly<Record<string, string | number | boolean>>;

/** First 16 hex digits of the SHA-256 of the options in key order: equal options, equal hash. */
export function hashFormatOptions(options: FormatOptions): string {
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}
