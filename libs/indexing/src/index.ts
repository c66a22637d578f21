export { admitPath, admitText, DEFAULT_MAX_FILE_BYTES } from './admission/admission.js';
export { PATH_RULES, type PathRule } from './admission/path-rules.js';
export { findSecret, type SecretHit } from './admission/secret-content.js';
export { connectIndex } from './remote/connect-index.js';
export { serveIndex, type ServeIndexOptions } from './remote/serve-index.js';
export {
  DEFAULT_INDEX_OPTIONS,
  resolveIndexOptions,
  storeFormatOptions,
  type IndexOptions,
} from './service/index-options.js';
export { IndexService, type IndexNotice, type IndexServiceParts } from './service/index-service.js';
