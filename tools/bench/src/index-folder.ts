import type { RetrievalQuery, RetrievalResult } from '@repoformer/domain';
import { GitRepositoryOpener } from '@repoformer/git';
import { IndexService, resolveIndexOptions, storeFormatOptions } from '@repoformer/indexing';
import { openIndexStore } from '@repoformer/store';

/** The daemon's index in this process, so that what is measured is the index and nothing else. */
export interface IndexFolder {
  /** Registers a repository and waits until its HEAD is indexed. */
  add(root: string): Promise<void>;
  /** Tells that HEAD may have moved and waits until the index stands at it. */
  update(): Promise<void>;
  retrieve(query: Pick<RetrievalQuery, 'path' | 'prefix' | 'suffix' | 'topK'>): Promise<RetrievalResult>;
  readonly size: { readonly files: number; readonly lines: number; readonly windows: number };
  close(): Promise<void>;
}

/** @param directory where the index is kept; one that holds an index is taken up as it is */
export async function openIndexFolder(directory: string): Promise<IndexFolder> {
  const options = resolveIndexOptions();
  const store = await openIndexStore({ directory, formatOptions: storeFormatOptions(options) });
  const index = new IndexService({
    opener: new GitRepositoryOpener(),
    store,
    options,
    onNotice: ({ level, ...notice }) => {
      if (level === 'warn') console.error(notice);
    },
  });
  let id = store.repositories()[0]?.id ?? '';
  let size = { files: 0, lines: 0, windows: 0 };
  const settle = async () => {
    await index.settled();
    const { state, problem, files, lines, chunks } = await index.get(id);
    if (state !== 'ready') throw new Error(problem ?? `the repository is ${state}`);
    size = { files, lines, windows: chunks };
  };
  return {
    async add(root) {
      ({ id } = await index.add(root));
      await settle();
    },
    async update() {
      await index.notify(id, 'bench');
      await settle();
    },
    retrieve: (query) =>
      index.retrieve({
        ...query,
        retriever: 'bm25',
        visible: { beforeChars: 1536, afterChars: 384 },
        alignment: 'block',
        repository: id,
        openBuffers: [],
      }),
    get size() {
      return size;
    },
    async close() {
      await index.close();
      await store.close();
    },
  };
}
