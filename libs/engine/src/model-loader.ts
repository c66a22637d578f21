import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelInfo, ModelSpec } from '@repoformer/domain';
import {
  getLlama,
  LlamaLogLevel,
  type LlamaContextSequence,
  type Llama,
  type LlamaModel,
} from 'node-llama-cpp';
import type { InferenceReply, InferenceSettings } from './inference-protocol.js';
import { explainLoadFailure, LoadError, tellsReason } from './load-failure.js';
import { describeModel } from './model-info.js';
import { checkModelFile } from './model-file.js';
import { PrefillThreads } from './prefill-threads.js';
import { readVocabulary } from './model-vocabulary.js';
import type { TokenVocabulary } from './token-vocabulary.js';

/** A model ready to evaluate, in the inference process. */
export interface LoadedModel {
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly sequence: LlamaContextSequence;
  readonly vocabulary: TokenVocabulary;
  readonly info: ModelInfo;
  readonly prefillThreads: PrefillThreads;
  readonly decodeThreads: number;
}

/** How long to wait for the reason of a failure: llama.cpp logs from another thread. */
const LOG_LAG_MS = 200;

type Report = (reply: InferenceReply) => void;

/**
 * Loads a model with its adapters and one context. Downloads nothing and builds nothing.
 *
 * @throws LoadError with the reason for a person.
 */
export async function loadModel(
  spec: ModelSpec,
  settings: InferenceSettings,
  report: Report,
): Promise<LoadedModel> {
  const errors: string[] = [];
  const prefillThreads = spec.prefillThreads > 0 ? spec.prefillThreads : availableParallelism();
  // More than one decoding thread waits on spin barriers and is slower as soon as anything else runs.
  const decodeThreads = spec.decodeThreads > 0 ? spec.decodeThreads : 1;
  let subject = `model ${spec.name}`;
  try {
    const fileBytes = await checkModelFile(spec.path, 'model');
    const llama = await getLlama({
      gpu: spec.gpu === 'none' ? false : 'auto',
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      maxThreads: prefillThreads,
      logLevel: LlamaLogLevel.warn,
      logger: (level, message) => {
        const serious = level === LlamaLogLevel.error || level === LlamaLogLevel.fatal;
        if (serious) errors.push(message.trim());
        report({ type: 'log', level: serious ? 'error' : 'warn', message: `llama.cpp: ${message.trim()}` });
      },
    });
    const onGpu = llama.gpu !== false;
    const model = await llama.loadModel({
      modelPath: spec.path,
      useMmap: true,
      // Weights that are not numbers load silently and then generate nothing.
      checkTensors: true,
      ...(onGpu && { gpuLayers: { fitContext: { contextSize: spec.contextTokens } } }),
    });
    const contextTokens = Math.min(spec.contextTokens, model.trainContextSize);
    if (contextTokens < spec.contextTokens) {
      report({
        type: 'log',
        level: 'warn',
        message: `model ${spec.name} was trained on ${contextTokens} tokens of context: ${spec.contextTokens} is lowered to that`,
      });
    }
    const vocabulary = readVocabulary(model);
    if (spec.adapters.length > 0) subject = `model ${spec.name} with adapter ${namesOf(spec)}`;
    const context = await model.createContext({
      contextSize: contextTokens,
      batchSize: Math.min(settings.chunkTokens, contextTokens),
      sequences: 1,
      threads: prefillThreads,
      flashAttention: true,
      // The state of every prefix stays usable, also for models with a sliding window.
      swaFullCache: true,
      failedCreationRemedy: false,
      lora: { adapters: spec.adapters.map(({ path, scale }) => ({ filePath: path, scale })) },
    });
    const sequence = context.getSequence({
      contextShift: {
        strategy: () => {
          throw new Error('the context is full');
        },
      },
    });
    return {
      llama,
      model,
      sequence,
      vocabulary,
      // node-llama-cpp keeps one place of the context free.
      info: describeModel(spec, model, context, vocabulary, {
        fileBytes,
        contextTokens: Math.min(contextTokens, context.contextSize - 1),
      }),
      // A number that somebody chose is kept.
      prefillThreads: new PrefillThreads(prefillThreads, spec.prefillThreads > 0 ? undefined : 1),
      decodeThreads,
    };
  } catch (error) {
    for (let waitedMs = 0; waitedMs < LOG_LAG_MS && !tellsReason(errors); waitedMs += 10) await sleep(10);
    throw new LoadError(explainLoadFailure(error, subject, errors));
  }
}

function namesOf(spec: ModelSpec): string {
  return spec.adapters.map(({ path }) => basename(path)).join(', ');
}
