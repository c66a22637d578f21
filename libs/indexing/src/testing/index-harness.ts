import { systemClock, type Clock, type RepositoryStatus, type RetrievalQuery } from '@repoformer/domain';
import { afterEach, beforeEach } from 'vitest';
import type { IndexOptions } from '../service/index-options.js';
import { IndexService, type IndexNotice } from '../service/index-service.js';
import { FakeOpener, type FakeRepository } from './fake-repository.js';
import { MemoryIndexStore } from './memory-index-store.js';

/** A fresh index over one fake repository for each test; what the names stand for changes with `restart`. */
export let opener: FakeOpener;
export let store: MemoryIndexStore;
export let index: IndexService;
export let repo: FakeRepository;
export let notices: IndexNotice[];

export function useIndexHarness(): void {
  beforeEach(() => {
    opener = new FakeOpener();
    store = new MemoryIndexStore();
    notices = [];
    repo = opener.create('/work/repo');
    restart();
  });
  afterEach(() => index.close());
}

/** Starts another service on the same data. Close the one before first. */
export function restart(options: Partial<IndexOptions> = {}, clock: Clock = systemClock): void {
  index = new IndexService({ opener, store, options, clock, onNotice: (notice) => notices.push(notice) });
}

/** Puts a copy of the store in its place, as a new process would read it. */
export function reopenStore(): void {
  store = store.reopen();
}

/** Adds the repository; its status once it is indexed. */
export async function indexed(): Promise<RepositoryStatus> {
  await index.add(repo.root);
  await index.settled();
  return index.get(repo.root);
}

/** Notifies of a commit; the status once it is indexed. */
export async function notified(): Promise<RepositoryStatus> {
  await index.notify(repo.root, 'post-commit');
  await index.settled();
  return index.get(repo.root);
}

export const query = (prefix: string, more: Partial<RetrievalQuery> = {}): RetrievalQuery => ({
  repository: repo.root,
  path: 'current.ts',
  prefix,
  suffix: '',
  topK: 5,
  alignment: 'matched' as const,
  retriever: 'jaccard' as const,
  openBuffers: [],
  ...more,
});

/** Paths of the chunks found for a prefix, best first. */
export async function pathsFor(prefix: string, more?: Partial<RetrievalQuery>): Promise<string[]> {
  return (await index.retrieve(query(prefix, more))).chunks.map((chunk) => chunk.path);
}

/** Lines that hold a word and words made of it. */
export const lines = (word: string, count = 25): string =>
  Array.from({ length: count }, (_, n) => `${word} line_${n} of_${word}`).join('\n') + '\n';
