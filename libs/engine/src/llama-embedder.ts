import { basename } from 'node:path';
import { AppError, throwIfAborted } from '@repoformer/domain';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';
import type { Embedder, EmbedderOptions } from './load-embedder.js';
import { explainLoadFailure } from './load-failure.js';

/** Tokens that the library puts before and behind a text. */
const ADDED_TOKENS = 2;

export async function createLlamaEmbedder(
  path: string,
  { contextTokens, threads }: Required<EmbedderOptions>,
): Promise<Embedder> {
  const errors: string[] = [];
  try {
    const llama = await getLlama({
      gpu: false,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      maxThreads: threads,
      logLevel: LlamaLogLevel.error,
      logger: (_, message) => errors.push(message.trim()),
    });
    const model = await llama.loadModel({ modelPath: path, useMmap: true, checkTensors: true });
    const contextSize = Math.min(contextTokens, model.trainContextSize);
    const context = await model.createEmbeddingContext({ contextSize, batchSize: contextSize, threads });
    const size = model.embeddingVectorSize;
    return {
      async embed(texts, signal) {
        const vectors: Float32Array[] = [];
        for (const text of texts) {
          throwIfAborted(signal);
          const tokens = model.tokenize(text).slice(0, contextSize - ADDED_TOKENS);
          try {
            const { vector } = tokens.length === 0 ? { vector: [] } : await context.getEmbeddingFor(tokens);
            vectors.push(tokens.length === 0 ? new Float32Array(size) : Float32Array.from(vector));
          } catch (cause) {
            const message = `${basename(path)} could not embed a text; is it a model that can?`;
            throw new AppError({ kind: 'internal', reason: 'INTERNAL', message, cause });
          }
        }
        return vectors;
      },
      async close() {
        await context.dispose();
        await model.dispose();
        await llama.dispose();
      },
    };
  } catch (error) {
    throw new AppError(explainLoadFailure(error, `model ${basename(path)}`, errors));
  }
}
