import {
  abortError,
  throwIfAborted,
  type Copying,
  type EvaluateOptions,
  type Evaluation,
  type GeneratedPiece,
  type GenerateOptions,
  type GenerationEnd,
  type LanguageModel,
  type ModelInfo,
  type ModelLane,
} from '@repoformer/domain';

const SPECIAL = 0x110000;
const END: GenerationEnd = 'end_token';

/**
 * A model of one token per character that writes what it is told to; for tests of what surrounds a model. It
 * keeps state like a real one, so that what is evaluated anew can be counted.
 */
export class ScriptedModel implements LanguageModel {
  readonly info: ModelInfo;
  readonly log: string[] = [];
  /** The tokens that each evaluation was asked about; those that were not asked are left out. */
  readonly watched: (readonly number[])[] = [];
  /** What it writes after a prompt. */
  script: (prompt: string) => string = () => 'done';
  /** P of the watched token after a prompt. */
  probability = 0;
  msPerToken: number | undefined;
  /** Awaited before every chunk of work. */
  pause: () => Promise<void> = () => Promise.resolve();
  evaluated = 0;
  /** Whether it leaves questions unanswered until they are given up, as a frozen process does. */
  isDeaf = false;
  private state: Int32Array = new Int32Array();
  private held: Promise<void> = Promise.resolve();

  /** What each generation was to copy from. */
  readonly copied: (Copying | undefined)[] = [];

  constructor(
    private readonly specials: readonly string[],
    known: Pick<ModelInfo, 'copying'> = {},
  ) {
    this.info = {
      name: 'scripted',
      architecture: 'llama',
      parameters: 1,
      fileBytes: 1,
      memoryBytes: 1,
      contextTokens: 8192,
      device: 'cpu',
      specialTokens: Object.fromEntries(specials.map((text, index) => [text, SPECIAL + index])),
      vocabularySize: 1_114_112,
      fimTokens: {},
      endTokens: [],
      metadata: {},
      ...known,
    };
  }

  async tokenize(texts: readonly string[], signal?: AbortSignal): Promise<Int32Array[]> {
    await this.hear(signal);
    return texts.map((text) => Int32Array.from([...text], (char) => char.codePointAt(0)!));
  }

  async tokenBytes(tokens: Int32Array, signal?: AbortSignal): Promise<Uint8Array[]> {
    await this.hear(signal);
    return [...tokens].map((token) =>
      new TextEncoder().encode(token >= SPECIAL ? '' : String.fromCodePoint(token)),
    );
  }

  read(tokens: Int32Array): string {
    return [...tokens]
      .map((t) => (t >= SPECIAL ? this.specials[t - SPECIAL] : String.fromCodePoint(t)))
      .join('');
  }

  async acquire({ signal }: { signal: AbortSignal }): Promise<ModelLane> {
    const before = this.held;
    let release!: () => void;
    this.held = new Promise((resolve) => (release = resolve));
    await before;
    if (signal.aborted) release();
    throwIfAborted(signal);
    return {
      evaluate: (tokens, options) => this.evaluate(tokens, options),
      logProbabilities: async (tokens, { from, signal }) => {
        await this.evaluate(tokens, { signal });
        return Array.from(tokens.subarray(from), () => Math.log(this.probability));
      },
      generate: (tokens, options) => this.generate(tokens, options),
      release,
    };
  }

  counters() {
    return {
      evaluatedTokens: this.evaluated,
      generatedTokens: 0,
      reusedTokens: 0,
      requests: 0,
      cancelledRequests: 0,
      restarts: 0,
    };
  }

  prefillMsPerToken(): number | undefined {
    return this.msPerToken;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private hear(signal: AbortSignal | undefined): Promise<void> {
    if (!this.isDeaf) return Promise.resolve();
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(abortError(signal)), { once: true });
    });
  }

  private async evaluate(
    tokens: Int32Array,
    { watch, top = 0, signal }: EvaluateOptions,
  ): Promise<Evaluation> {
    await this.pause();
    if (watch) this.watched.push(watch);
    throwIfAborted(signal);
    this.log.push(this.read(tokens));
    const common = tokens.findIndex((token, index) => token !== this.state[index]);
    const reused = common < 0 ? tokens.length : common;
    this.evaluated += tokens.length - reused;
    this.state = tokens;
    return {
      reused,
      evaluated: tokens.length - reused,
      probabilities: (watch ?? []).map(() => this.probability),
      argmax: -1,
      top: Array.from({ length: top }, () => this.probability),
    };
  }

  private async *generate(
    tokens: Int32Array,
    options: GenerateOptions,
  ): AsyncGenerator<GeneratedPiece, GenerationEnd, void> {
    this.state = tokens;
    this.copied.push(options.copying);
    let generatedTokens = 0;
    for (const text of this.script(this.read(tokens))) {
      await this.pause();
      throwIfAborted(options.signal);
      yield { text, generatedTokens: ++generatedTokens };
      if (generatedTokens === options.maxTokens) return 'max_tokens';
    }
    return END;
  }
}
