import { indexStoreConformance } from '@repoformer/domain';
import { describe, it } from 'vitest';
import { MemoryIndexStore } from './memory-index-store.js';

describe('IndexStore conformance of MemoryIndexStore', () => {
  for (const { name, run } of indexStoreConformance) {
    it(name, () => {
      const store = new MemoryIndexStore();
      return run({ store, reopen: async () => store.reopen() });
    });
  }
});
