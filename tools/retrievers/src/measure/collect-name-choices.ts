import type { CorpusText, HoleRecord } from '@repoformer/dataset';
import { throwIfAborted } from '@repoformer/domain';
import { DEFAULT_WINDOW_OPTIONS } from '@repoformer/retrieval';
import { fixedWindows } from '../chunkers/fixed-windows.js';
import { ChunkedRepository } from '../corpus/chunked-repository.js';
import { readRepository } from '../corpus/repository.js';
import { toNameChoice, type NameChoice } from '../names/fit-name-model.js';
import { nameCandidates } from '../names/name-candidates.js';
import { findNamePool } from '../retrievers/needed-names-retriever.js';
import { prepareHoles, type HoleOptions } from './prepare-holes.js';

/** What there is to choose from at each hole that needs a specific name which the daemon's windows have. */
export async function collectNameChoices(
  texts: readonly CorpusText[],
  records: readonly HoleRecord[],
  options: HoleOptions,
): Promise<NameChoice[]> {
  const repository = readRepository(texts, options.syntax);
  const chunked = await ChunkedRepository.of(repository, fixedWindows(DEFAULT_WINDOW_OPTIONS));
  const { holes } = await prepareHoles(texts, records, options);
  const choices: NameChoice[] = [];
  for (const { request, newNames } of holes) {
    throwIfAborted(options.signal);
    if (newNames.specific.size === 0) continue;
    const candidates = nameCandidates(await findNamePool(chunked, request));
    const isThere = [...newNames.specific].some((name) => candidates.has(name));
    if (isThere) choices.push(toNameChoice(candidates, newNames.specific));
  }
  return choices;
}
