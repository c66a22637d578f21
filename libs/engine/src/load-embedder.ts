import { invalidArgument } from '@repoformer/domain';
import { checkModelFile } from './model-file.js';

export interface EmbedderOptions {
  /** Tokens of a text that count; what follows them does not. Default 512. */
  readonly contextTokens?: number;
  /** Default 1. */
  readonly threads?: number;
}

/** Makes vectors of texts. */
export interface Embedder {
  /**
   * One vector for each text, in order, all of one length. A text without any token has one of zeros.
   *
   * @throws AppError internal when llama.cpp fails; cancelled between two texts
   */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>;
  close(): Promise<void>;
}

const SMALLEST_CONTEXT_TOKENS = 16;

/**
 * Loads a GGUF model to embed texts with, in this process: for tools, whose user sees a crash. The daemon evaluates
 * models in processes of their own (`loadLanguageModel`). Downloads nothing and builds nothing.
 *
 * @param path of a GGUF file; any model gives vectors, one made for embedding gives good ones
 * @throws AppError not_found/MODEL_NOT_FOUND; failed_precondition/MODEL_INVALID, MODEL_UNSUPPORTED or
 * ENGINE_UNAVAILABLE; resource_exhausted; invalid_argument
 */
export async function loadEmbedder(
  path: string,
  { contextTokens = 512, threads = 1 }: EmbedderOptions = {},
): Promise<Embedder> {
  if (!Number.isInteger(contextTokens) || contextTokens < SMALLEST_CONTEXT_TOKENS) {
    throw invalidArgument('contextTokens', `must be a whole number of at least ${SMALLEST_CONTEXT_TOKENS}`);
  }
  if (!Number.isInteger(threads) || threads < 1) {
    throw invalidArgument('threads', 'must be a whole number of at least 1');
  }
  await checkModelFile(path, 'model');
  // llama.cpp's bindings are loaded here only: who does not embed must not have them in its process.
  const { createLlamaEmbedder } = await import('./llama-embedder.js');
  return createLlamaEmbedder(path, { contextTokens, threads });
}
