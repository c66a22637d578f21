import type { ChunkerName } from '../chunkers/chunker-table.js';
import { RETRIEVERS, type RetrieverName, type RetrieverRow } from '../retrievers/retriever-table.js';
import { needsNames, type SelectorName } from '../selection/selector-table.js';

/** One way from a request to what the prompt shows. */
export interface Setup {
  readonly retriever: RetrieverName;
  readonly chunker: ChunkerName;
  readonly selector: SelectorName;
}

/** What every other way is held against: the daemon's. */
export const DAEMON_SETUP: Setup = { retriever: 'daemon', chunker: 'windows-20', selector: 'dropped' };

/**
 * Every retriever with every chunker and selector. Selectors that cover names are only for retrievers that say which
 * are needed; without selectors each retriever has its own.
 */
export function setupsOf(
  retrievers: readonly RetrieverName[],
  chunkers: readonly ChunkerName[],
  selectors: readonly SelectorName[] = [],
): Setup[] {
  return chunkers.flatMap((chunker) =>
    retrievers.flatMap((retriever) => {
      const row: RetrieverRow = RETRIEVERS[retriever];
      const own = selectors.length === 0 ? [row.selector] : selectors;
      return own
        .filter((selector) => row.saysNames === true || !needsNames(selector))
        .map((selector) => ({ retriever, chunker, selector }));
    }),
  );
}

export function nameOf({ retriever, chunker, selector }: Setup): string {
  return `${retriever} ${chunker} ${selector}`;
}

export function chunkersOf(setups: readonly Setup[]): ChunkerName[] {
  return [...new Set(setups.map(({ chunker }) => chunker))];
}
