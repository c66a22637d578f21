/** How a vocabulary writes bytes as text. */
export type VocabularyKind =
  /** GPT-2's byte-to-character table, as nearly all code models have. */
  | 'byte_level'
  /** SentencePiece: U+2581 for a space, `<0xNN>` for single bytes. */
  | 'sentencepiece';

/** llama.cpp's token attributes that matter here (`enum llama_token_attr`). */
export const TOKEN_ATTRIBUTE = { unknown: 1, unused: 2, normal: 4, control: 8, userDefined: 16, byte: 32 };

/** What a vocabulary is made of, as read from a loaded model. */
export interface VocabularySource {
  readonly kind: VocabularyKind;
  readonly texts: readonly string[];
  /** Attributes by token id, as llama.cpp has them (it corrects wrong ones of the file). */
  readonly attributes: readonly number[];
}

const NO_BYTES = new Uint8Array();
const LINE_END = 0x0a;

/**
 * The bytes of every token, and which tokens may begin a given run of bytes.
 *
 * llama.cpp's own detokenizer is not used: for many vocabularies it deletes the space in " ?" or " ." and it
 * turns a part of a character into U+FFFD.
 */
export class TokenVocabulary {
  /** All tokens' bytes, one after another; token `t` has those from `#offsets[t]` to `#offsets[t + 1]`. */
  readonly #bytes: Uint8Array;
  readonly #offsets: Uint32Array;
  /** Ids of the tokens that have bytes, grouped by their first byte. */
  readonly #byFirstByte: Uint32Array;
  readonly #firstByteStart: Uint32Array;
  readonly #beforeLineEnd = new Map<number, number | undefined>();

  constructor(source: VocabularySource) {
    const size = source.texts.length;
    this.#offsets = new Uint32Array(size + 1);
    // No character of a token's text stands for more than three bytes.
    const bytes = new Uint8Array(source.texts.reduce((sum, text) => sum + text.length * 3, 0));
    let end = 0;
    for (let token = 0; token < size; token += 1) {
      end += writeToken(source, token, bytes, end);
      this.#offsets[token + 1] = end;
    }
    this.#bytes = bytes.slice(0, end);

    this.#firstByteStart = new Uint32Array(257);
    for (let token = 0; token < size; token += 1) {
      if (this.#length(token) > 0) this.#firstByteStart[this.#bytes[this.#offsets[token]!]! + 1]! += 1;
    }
    for (let byte = 0; byte < 256; byte += 1) {
      this.#firstByteStart[byte + 1]! += this.#firstByteStart[byte]!;
    }
    this.#byFirstByte = new Uint32Array(this.#firstByteStart[256]!);
    const next = this.#firstByteStart.slice();
    for (let token = 0; token < size; token += 1) {
      if (this.#length(token) === 0) continue;
      const first = this.#bytes[this.#offsets[token]!]!;
      this.#byFirstByte[next[first]!] = token;
      next[first]! += 1;
    }
  }

  get size(): number {
    return this.#offsets.length - 1;
  }

  /** A token's bytes (a view, not to be changed); none for control, unknown and unused tokens. */
  bytesOf(token: number): Uint8Array {
    if (token < 0 || token >= this.size) return NO_BYTES;
    return this.#bytes.subarray(this.#offsets[token]!, this.#offsets[token + 1]!);
  }

  /**
   * Tokens that agree with `forced`: their bytes are a prefix of it, or begin with it. Never a token without
   * bytes. In ascending order.
   */
  tokensAgreeingWith(forced: Uint8Array): number[] {
    if (forced.length === 0) return [];
    const found: number[] = [];
    const end = this.#firstByteStart[forced[0]! + 1]!;
    for (let index = this.#firstByteStart[forced[0]!]!; index < end; index += 1) {
      const token = this.#byFirstByte[index]!;
      const start = this.#offsets[token]!;
      const compared = Math.min(this.#offsets[token + 1]! - start, forced.length);
      let same = 1;
      while (same < compared && this.#bytes[start + same] === forced[same]) same += 1;
      if (same === compared) found.push(token);
    }
    return found;
  }

  /** The token of a token's bytes up to its first line end; undefined: it has no line end, or there is no such token. */
  beforeLineEnd(token: number): number | undefined {
    if (!this.#beforeLineEnd.has(token)) this.#beforeLineEnd.set(token, this.#findBeforeLineEnd(token));
    return this.#beforeLineEnd.get(token);
  }

  #findBeforeLineEnd(token: number): number | undefined {
    const bytes = this.bytesOf(token);
    const size = bytes.indexOf(LINE_END);
    if (size <= 0) return undefined;
    const wanted = bytes.subarray(0, size);
    return this.tokensAgreeingWith(wanted).find((each) => this.#length(each) === size);
  }

  #length(token: number): number {
    return this.#offsets[token + 1]! - this.#offsets[token]!;
  }
}

const encoder = new TextEncoder();

/** Writes one token's bytes at `at` and returns how many they are. */
function writeToken(source: VocabularySource, token: number, out: Uint8Array, at: number): number {
  const text = source.texts[token]!;
  const attribute = source.attributes[token]!;
  const { unknown, unused, control, userDefined, byte } = TOKEN_ATTRIBUTE;
  if (attribute === 0 || (attribute & (unknown | unused | control)) !== 0) return 0;
  if ((attribute & userDefined) !== 0) return encoder.encodeInto(text, out.subarray(at)).written;
  if (source.kind === 'byte_level') return writeByteLevel(text, out, at);
  const single = (attribute & byte) !== 0 ? /^<0x([0-9A-Fa-f]{2})>$/.exec(text) : null;
  if (single) {
    out[at] = Number.parseInt(single[1]!, 16);
    return 1;
  }
  return encoder.encodeInto(text.replaceAll('\u2581', ' '), out.subarray(at)).written;
}

function writeByteLevel(text: string, out: Uint8Array, at: number): number {
  for (let index = 0; index < text.length; index += 1) {
    const byte = BYTE_OF_CODE_UNIT[text.charCodeAt(index)];
    // A text that is not written in the byte table is meant literally.
    if (byte === undefined || byte < 0) return encoder.encodeInto(text, out.subarray(at)).written;
    out[at + index] = byte;
  }
  return text.length;
}

/** GPT-2's table, inverted: printable Latin-1 stands for itself, the other bytes for U+0100 and up. */
const BYTE_OF_CODE_UNIT = (() => {
  const table = new Int16Array(0x100 + 68).fill(-1);
  let shifted = 0x100;
  for (let byte = 0; byte < 256; byte += 1) {
    const itself = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    if (itself) table[byte] = byte;
    else {
      table[shifted] = byte;
      shifted += 1;
    }
  }
  return table;
})();
