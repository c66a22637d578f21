import type { RetrievalQuery } from '@repoformer/domain';
import { LiveText, unseenText, type UnseenLines } from '@repoformer/retrieval';
import { findSecretMarks } from '../admission/secret-content.js';

/** Files kept: as many as one switches between while typing. */
const MAX_FILES = 8;

/** The files that are being typed in, so that each key costs what it changed and not the length of the file. */
export class CurrentFiles {
  readonly #texts = new Map<string, LiveText>();

  /**
   * @param maxFileBytes larger texts are not searched, so they are not kept either
   * @param maxBytes memory for the texts kept
   */
  constructor(
    private readonly maxFileBytes: number,
    private readonly maxBytes: number,
  ) {}

  /** The current file beyond what the model sees, as `unseenText` gives it; undefined where nothing of it is searched. */
  unseen({ path, prefix, suffix, visible }: RetrievalQuery): UnseenLines | undefined {
    if (path === '' || visible === undefined) return undefined;
    if (prefix.length + suffix.length > this.maxFileBytes) {
      // What is left empty may be most of it; such a text is read each time, if it is not too large even then.
      const text = unseenText(prefix, suffix, visible);
      return text.length > this.maxFileBytes ? undefined : LiveText.of(text, '', findSecretMarks).whole();
    }
    const live =
      this.#texts.get(path)?.edited(prefix, suffix) ?? LiveText.of(prefix, suffix, findSecretMarks);
    this.#texts.delete(path);
    this.#texts.set(path, live);
    this.#evict();
    return live.unseen(visible);
  }

  /** Drops the least recently used; the one in use stays. */
  #evict(): void {
    let bytes = 0;
    for (const text of this.#texts.values()) bytes += text.memoryBytes;
    for (const [path, text] of this.#texts) {
      if (this.#texts.size === 1 || (this.#texts.size <= MAX_FILES && bytes <= this.maxBytes)) break;
      this.#texts.delete(path);
      bytes -= text.memoryBytes;
    }
  }
}
