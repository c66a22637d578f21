export { admitPath } from './admission/admission.js';
export { findSecret, type SecretHit } from './admission/secret-content.js';
export { connectIndex } from './remote/connect-index.js';
export { serveIndex, type ServeIndexOptions } from './remote/serve-index.js';
export { resolveIndexOptions, storeFormatOptions, type IndexOptions } from './service/index-options.js';
export { IndexService, type IndexNotice, type IndexServiceParts } from './service/index-service.js';
