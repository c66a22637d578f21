const LF = 10;

/** 1 for bytes that belong to a word: [A-Za-z0-9_] and everything beyond ASCII. */
const IS_WORD = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 128 || /[A-Za-z0-9_]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

export const END = 0;
export const WORD = 1;
export const LINE_END = 2;

/**
 * Finds the words and line ends of UTF-8 text, byte by byte and without making strings. A word is a maximal
 * run of [A-Za-z0-9_] and non-ASCII bytes, case kept; it is known by a 64-bit hash in two 32-bit halves.
 */
export class WordScanner {
  /** The halves of the last word's hash, as signed integers. */
  high = 0;
  low = 0;
  private position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** Bytes read so far: after a line end, where the next line begins. */
  get offset(): number {
    return this.position;
  }

  /** Moves to the next word or line end and says which: {@link WORD}, {@link LINE_END} or {@link END}. */
  next(): number {
    const { bytes } = this;
    const length = bytes.length;
    let at = this.position;
    while (at < length) {
      const byte = bytes[at]!;
      if (IS_WORD[byte] === 1) {
        this.scanWord(at);
        return WORD;
      }
      at++;
      if (byte === LF) {
        this.position = at;
        return LINE_END;
      }
    }
    this.position = at;
    return END;
  }

  private scanWord(start: number): void {
    const { bytes } = this;
    const length = bytes.length;
    let at = start;
    let high = 0x811c9dc5 | 0;
    let low = 0x9747b28c | 0;
    // Two multiplicative hashes with different constants. The shifts carry high bits down: without them the
    // low bits of both halves would depend on the same low bits of the text.
    do {
      const byte = bytes[at++]!;
      high = Math.imul(high ^ byte, 0x01000193);
      high ^= high >>> 13;
      low = Math.imul(low ^ byte, 0x5bd1e995);
      low ^= low >>> 15;
    } while (at < length && IS_WORD[bytes[at]!] === 1);
    this.position = at;
    this.high = mix(high ^ Math.imul(low, 0x9e3779b1));
    this.low = mix(low ^ (at - start));
  }
}

/** MurmurHash3's finaliser: a bijection whose every output bit depends on every input bit. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
