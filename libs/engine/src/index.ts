export type { EngineLog } from './inference-client.js';
export type { RestartPolicy } from './inference-supervisor.js';
export { LlamaLanguageModel } from './llama-language-model.js';
export { loadLanguageModel, type LoadOptions } from './load-language-model.js';
export { loadEmbedder, type Embedder, type EmbedderOptions } from './load-embedder.js';
