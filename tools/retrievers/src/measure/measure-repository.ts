import type { CorpusText, HoleRecord } from '@repoformer/dataset';
import { throwIfAborted } from '@repoformer/domain';
import { createNearDuplicateTest } from '@repoformer/retrieval';
import { CHUNKERS } from '../chunkers/chunker-table.js';
import { ChunkedRepository } from '../corpus/chunked-repository.js';
import { readRepository } from '../corpus/repository.js';
import { wordsOf } from '../corpus/words.js';
import { spanTokens } from '../selection/token-cost.js';
import type { Retriever, ShownSpan } from '../ports.js';
import { RETRIEVERS, type RetrieverParts, type RetrieverRow } from '../retrievers/retriever-table.js';
import { SELECTORS } from '../selection/selector-table.js';
import { prepareHoles, type HoleOptions, type PreparedHole } from './prepare-holes.js';
import { chunkersOf, nameOf, type Setup } from './setup.js';
import { TRUTHS, visibleText, type NewNames, type Truth } from './truth.js';

export interface MeasureOptions extends HoleOptions {
  readonly setups: readonly Setup[];
  readonly budgets: readonly number[];
  readonly parts: RetrieverParts;
  /** Told of what each setup shows at each hole, within the largest budget. */
  readonly onShown?: (hole: PreparedHole, setup: Setup, spans: readonly ShownSpan[], ms: number) => void;
}

/** How one setup did at one hole. */
export interface HoleOutcome {
  readonly id: string;
  readonly repository: string;
  /** For each truth that has any name: the share shown within each budget. */
  readonly shares: Readonly<Partial<Record<Truth, readonly number[]>>>;
  /** Tokens used of each budget. */
  readonly tokens: readonly number[];
  /** Retrieval and selection within the largest budget. */
  readonly ms: number;
}

export interface RepositoryOutcome {
  /** By {@link nameOf} the setup; the holes of all are the same, in the same order. */
  readonly outcomes: ReadonlyMap<string, readonly HoleOutcome[]>;
  /** Holes that are not where the dataset says. */
  readonly lost: number;
}

/** Measures all setups on one repository, one after the other. What it builds is gone when it returns. */
export async function measureRepository(
  texts: readonly CorpusText[],
  records: readonly HoleRecord[],
  options: MeasureOptions,
): Promise<RepositoryOutcome> {
  const { setups, syntax, parts, signal } = options;
  const repository = readRepository(texts, syntax);
  const { holes, lost } = await prepareHoles(texts, records, options);
  const outcomes = new Map<string, HoleOutcome[]>();
  for (const chunker of chunkersOf(setups)) {
    const chunked = await ChunkedRepository.of(repository, CHUNKERS[chunker](repository.syntax));
    const ofChunker = setups.filter((setup) => setup.chunker === chunker);
    for (const name of new Set(ofChunker.map(({ retriever }) => retriever))) {
      throwIfAborted(signal);
      const row: RetrieverRow = RETRIEVERS[name];
      const retriever = await row.create(chunked, parts);
      const ofRetriever = ofChunker.filter((setup) => setup.retriever === name);
      for (const setup of ofRetriever) outcomes.set(nameOf(setup), []);
      for (const hole of holes) {
        throwIfAborted(signal);
        for (const [setup, outcome] of await measureHole(ofRetriever, retriever, hole, options)) {
          outcomes.get(nameOf(setup))!.push(outcome);
        }
      }
    }
  }
  return { outcomes, lost };
}

/** Asks once, and chooses by the selector of each setup. */
async function measureHole(
  setups: readonly Setup[],
  retriever: Retriever,
  hole: PreparedHole,
  { budgets, onShown }: MeasureOptions,
): Promise<[Setup, HoleOutcome][]> {
  const { record, request, newNames } = hole;
  const isUnwanted = createNearDuplicateTest(visibleText(request));
  const largest = Math.max(...budgets);
  const startedAt = performance.now();
  const ranking = await retriever.retrieve(request);
  const retrieveMs = performance.now() - startedAt;
  return setups.map((setup) => {
    const selector = SELECTORS[setup.selector];
    const selectedAt = performance.now();
    const most = selector.select(ranking, { budgetTokens: largest, isUnwanted });
    const ms = retrieveMs + performance.now() - selectedAt;
    const shown = budgets.map((budgetTokens) =>
      budgetTokens === largest ? most : selector.select(ranking, { budgetTokens, isUnwanted }),
    );
    onShown?.(hole, setup, most, ms);
    const outcome = {
      id: record.id,
      repository: record.repository,
      shares: sharesOf(newNames, shown),
      tokens: shown.map((spans) => spans.reduce((sum, { text }) => sum + spanTokens(text), 0)),
      ms,
    };
    return [setup, outcome];
  });
}

function sharesOf(
  newNames: NewNames,
  shown: readonly (readonly ShownSpan[])[],
): Partial<Record<Truth, readonly number[]>> {
  const words = shown.map((spans) => new Set(spans.flatMap(({ text }) => text.flatMap(wordsOf))));
  return Object.fromEntries(
    TRUTHS.filter((truth) => newNames[truth].size > 0).map((truth) => {
      const names = [...newNames[truth]];
      return [truth, words.map((set) => names.filter((name) => set.has(name)).length / names.length)];
    }),
  );
}
