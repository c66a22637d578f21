/**
 * Turns token bytes into text without ever cutting a character: bytes of an unfinished character wait for the
 * next token. Bytes that can be no character become U+FFFD.
 */
export class Utf8Stream {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  /** The whole characters that `bytes` completes; often empty in the middle of a character. */
  push(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** U+FFFD where an unfinished character is waiting, else nothing. */
  finish(): string {
    return this.#decoder.decode();
  }
}
