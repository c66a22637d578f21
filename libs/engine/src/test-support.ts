import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { GenerateOptions, GenerationEnd, ModelLane, ModelSpec } from '@repoformer/domain';
import type { LoadOptions } from './load-language-model.js';
import { loadLanguageModel } from './load-language-model.js';
import type { LlamaLanguageModel } from './llama-language-model.js';

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The small model that is committed with the project. */
export const NANO_MODEL = fromHere('../../../models/repoformer-nano0-7m-q8_0.gguf');
/** An adapter for another model than that. */
export const FOREIGN_ADAPTER = fromHere('../../../models/repoformer-qwen2.5-coder-0.5b-lora1.gguf');

export const never: AbortSignal = new AbortController().signal;

export function nanoSpec(change: Partial<ModelSpec> = {}): ModelSpec {
  return {
    name: 'nano',
    path: NANO_MODEL,
    adapters: [],
    contextTokens: 1024,
    // Two threads that wait for each other are ten times slower when other test suites run beside this one.
    prefillThreads: 1,
    decodeThreads: 1,
    gpu: 'none',
    ...change,
  };
}

export async function loadNano(options: LoadOptions = {}): Promise<LlamaLanguageModel> {
  if (!existsSync(fromHere('../dist/inference-process.js'))) {
    throw new Error('libs/engine is not built: run `npx tsc -b libs/engine` first');
  }
  return await loadLanguageModel(nanoSpec(), options);
}

/** Runs `use` in a lane of its own. */
export async function inLane<T>(
  model: LlamaLanguageModel,
  use: (lane: ModelLane) => Promise<T>,
  priority: 'completion' | 'warm' = 'completion',
): Promise<T> {
  const lane = await model.acquire({ priority, signal: never });
  try {
    return await use(lane);
  } finally {
    lane.release();
  }
}

export async function tokensOf(model: LlamaLanguageModel, text: string): Promise<Int32Array> {
  return (await model.tokenize([text]))[0]!;
}

export function generateOptions(change: Partial<GenerateOptions> = {}): GenerateOptions {
  return { maxTokens: 24, forcedBytes: new Uint8Array(), stopTokens: [], signal: never, ...change };
}

/** A whole generation: its pieces and how it ended. */
export async function generateAll(
  lane: ModelLane,
  tokens: Int32Array,
  change: Partial<GenerateOptions> = {},
): Promise<{ text: string; pieces: string[]; generatedTokens: number; end: GenerationEnd }> {
  const pieces: string[] = [];
  let generatedTokens = 0;
  const generation = lane.generate(tokens, generateOptions(change));
  for (;;) {
    const next = await generation.next();
    if (next.done) return { text: pieces.join(''), pieces, generatedTokens, end: next.value };
    pieces.push(next.value.text);
    generatedTokens = next.value.generatedTokens;
  }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Python source of at least `characters`, the kind of text the small model knows. */
export function pythonSource(characters: number): string {
  const unit = 'def area_%(width, height):\n    """Area of a rectangle."""\n    return width * height\n\n\n';
  let text = 'import math\nimport os\n\n\n';
  for (let n = 0; text.length < characters; n += 1) text += unit.replace('%', String(n));
  return text;
}

/** Polls until the condition holds; a test that waits for ever fails by its own timeout. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}
