import type { ModelInfo, ModelSpec } from '@repoformer/domain';
import type { LlamaContext, LlamaModel, Token } from 'node-llama-cpp';
import { tokenTexts } from './model-vocabulary.js';
import type { TokenVocabulary } from './token-vocabulary.js';

/** Collects what is known of a loaded model. */
export function describeModel(
  spec: ModelSpec,
  model: LlamaModel,
  context: LlamaContext,
  vocabulary: TokenVocabulary,
  measured: { readonly fileBytes: number; readonly contextTokens: number },
): ModelInfo {
  const texts = tokenTexts(model);
  const withoutBytes = texts.flatMap((_, token) => (vocabulary.bytesOf(token).length === 0 ? [token] : []));
  const special = withoutBytes.filter((token) => model.isSpecialToken(token as Token));
  const general = model.fileInfo.metadata.general as Record<string, unknown>;
  const text = (key: string) => (typeof general[key] === 'string' ? { [key]: general[key] as string } : {});
  const { prefix, suffix, middle } = model.tokens.infill;
  return {
    name: spec.name,
    architecture: model.architecture,
    parameters: countParameters(model),
    fileBytes: measured.fileBytes,
    memoryBytes: [model, context].reduce((sum, { memoryUsage: used }) => sum + used.ram + used.vram, 0),
    contextTokens: measured.contextTokens,
    device: model.llama.gpu !== false && model.gpuLayers > 0 ? model.llama.gpu : 'cpu',
    specialTokens: Object.fromEntries(
      special
        .filter((token) => isExactMarker(model, token, texts[token]!))
        .map((token) => [texts[token]!, token]),
    ),
    vocabularySize: vocabulary.size,
    fimTokens: {
      ...(prefix !== null && { prefix }),
      ...(suffix !== null && { suffix }),
      ...(middle !== null && { middle }),
    },
    ...(model.tokens.shouldPrependBosToken && model.tokens.bos !== null && { bosToken: model.tokens.bos }),
    endTokens: endTokens(model, special),
    ...(spec.copying && { copying: spec.copying }),
    metadata: { ...text('name'), ...text('basename'), ...text('license') },
  };
}

/** Whether the text becomes this very token as a marker, and never becomes it as plain text. */
function isExactMarker(model: LlamaModel, token: number, text: string): boolean {
  const asMarker = model.tokenize(text, true);
  return (
    asMarker.length === 1 && asMarker[0] === token && !model.tokenize(text, false).includes(token as Token)
  );
}

function endTokens(model: LlamaModel, special: readonly number[]): number[] {
  const named = [model.tokens.eos, model.tokens.eot].filter((token) => token !== null);
  return [...new Set([...named, ...special.filter((token) => model.isEogToken(token as Token))])].sort(
    (a, b) => a - b,
  );
}

function countParameters(model: LlamaModel): number {
  const tensors = model.fileInfo.fullTensorInfo ?? model.fileInfo.tensorInfo ?? [];
  return tensors.reduce(
    (sum, { dimensions }) => sum + dimensions.reduce<number>((product, size) => product * Number(size), 1),
    0,
  );
}
