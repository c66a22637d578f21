/**
 * A text with a cursor in it, kept as the two parts that it came in: to join them would copy the whole text for every
 * key that is typed.
 */
export class CursorText {
  readonly length: number;

  constructor(
    readonly prefix: string,
    readonly suffix: string,
  ) {
    this.length = prefix.length + suffix.length;
  }

  slice(from: number, to: number): string {
    const { prefix, suffix } = this;
    const { length } = prefix;
    if (to <= length) return prefix.slice(from, to);
    if (from >= length) return suffix.slice(from - length, to - length);
    return prefix.slice(from) + suffix.slice(0, to - length);
  }
}
