import type { TextLines } from '@repoformer/retrieval';

/** Texts by key, the least recently used dropped first once they exceed a size. */
export class TextCache {
  readonly #maxBytes: number;
  readonly #texts = new Map<string, TextLines>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): TextLines | undefined {
    const text = this.#texts.get(key);
    if (text !== undefined) {
      this.#texts.delete(key);
      this.#texts.set(key, text);
    }
    return text;
  }

  set(key: string, text: TextLines): void {
    this.#drop(key);
    this.#texts.set(key, text);
    this.#bytes += sizeOf(text);
    for (const oldest of this.#texts.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const text = this.#texts.get(key);
    if (text === undefined) return;
    this.#texts.delete(key);
    this.#bytes -= sizeOf(text);
  }
}

/** Strings take two bytes a character at most; where its lines begin takes a share of that. */
function sizeOf({ text }: TextLines): number {
  return text.length * 2;
}
