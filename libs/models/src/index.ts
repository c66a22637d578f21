export { bundledModelsDirectory } from './bundled-models.js';
export {
  MODEL_ROLES,
  type AdapterEntry,
  type ModelEntry,
  type ModelRole,
  type ModelSource,
  type UrlSource,
  type WheelPart,
  type WheelsSource,
} from './catalog-entry.js';
export { readGgufHeader, type GgufHeader } from './gguf/gguf-header.js';
export type { ImportOptions } from './import-model.js';
export { MERGE_TYPES } from './gguf/tensor-types.js';
export { selectTokensOf } from './gguf/vocabulary.js';
export type { MergeModelOptions } from './merge-model.js';
export { ModelCatalog, type CatalogLocations } from './model-catalog.js';
export type {
  AdapterLocation,
  FileLocation,
  FileState,
  LocateOptions,
  ModelLocation,
} from './model-location.js';
export { ModelStore, type PullOptions, type VerifyResult } from './model-store.js';
export { DEFAULT_MODEL } from './parse-catalog.js';
export type { ProgressListener, PullProgress } from './progress-meter.js';
export { sourceLabel, type DownloadSettings } from './pull-model.js';
export { tunedPolicyPath } from './policy-location.js';
export { isPath, resolveModel, type ResolveOptions } from './resolve-model.js';
