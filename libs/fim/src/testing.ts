import type { ModelInfo } from '@repoformer/domain';
import type { TokenSource } from './prompt.js';

/** A tokenizer of words, single spaces and symbols, whose ids can be read back; for tests of layouts. */
export class WordTokenizer implements TokenSource {
  private readonly pieces: string[] = [];
  private readonly ids = new Map<string, number>();

  constructor(readonly specialTokens: readonly string[] = []) {
    specialTokens.forEach((text) => this.idOf(text));
  }

  readonly tokenize = (texts: readonly string[]): Promise<Int32Array[]> =>
    Promise.resolve(
      texts.map((text) =>
        Int32Array.from(text.match(/ ?\w+|\n+| +(?= )| |[^\w\s]|\s/gu) ?? [], (piece) =>
          this.idOf(`=${piece}`),
        ),
      ),
    );

  readonly tokenBytes = (tokens: Int32Array): Promise<Uint8Array[]> =>
    Promise.resolve([...tokens].map((id) => new TextEncoder().encode(this.textOf(id))));

  /** The prompt as text, special tokens included. */
  read(tokens: Int32Array): string {
    return [...tokens]
      .map((id) => (id < this.specialTokens.length ? this.pieces[id] : this.textOf(id)))
      .join('');
  }

  info(overrides: Partial<ModelInfo> = {}): ModelInfo {
    return {
      name: 'test',
      architecture: 'llama',
      parameters: 1,
      fileBytes: 1,
      memoryBytes: 1,
      contextTokens: 4096,
      device: 'cpu',
      specialTokens: Object.fromEntries(this.specialTokens.map((text, id) => [text, id])),
      vocabularySize: 1_114_112,
      fimTokens: {},
      endTokens: [],
      metadata: {},
      ...overrides,
    };
  }

  private textOf(id: number): string {
    return id < this.specialTokens.length ? '' : this.pieces[id]!.slice(1);
  }

  private idOf(piece: string): number {
    const known = this.ids.get(piece);
    if (known !== undefined) return known;
    this.ids.set(piece, this.pieces.length);
    return this.pieces.push(piece) - 1;
  }
}
