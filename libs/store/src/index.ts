export { hashFormatOptions, type FormatOptions } from './index-options.js';
export { LmdbIndexStore } from './lmdb-index-store.js';
export {
  openIndexStore,
  STORE_FORMAT_VERSION,
  type OpenIndexStoreOptions,
  type StoreNotice,
  type StoreState,
} from './open-index-store.js';
