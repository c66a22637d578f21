import type { CorpusText, HoleRecord } from '@repoformer/dataset';
import { throwIfAborted } from '@repoformer/domain';
import type { Syntax } from '@repoformer/syntax';
import type { RetrievalRequest } from '../ports.js';
import { locateHole } from './locate-hole.js';
import { newNamesOf, type NewNames } from './truth.js';

/** How holes are put to retrievers. */
export interface HoleOptions {
  readonly visible: RetrievalRequest['visible'];
  readonly searchOwnFile: boolean;
  /** Names that everyone uses. */
  readonly generic: ReadonlySet<string>;
  readonly syntax: Syntax;
  /** What a model wrote at a hole without context, by the hole's id. */
  readonly drafts?: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}

/** A hole with what is asked and what should be found. */
export interface PreparedHole {
  readonly record: HoleRecord;
  readonly request: RetrievalRequest;
  readonly newNames: NewNames;
}

/** Finds each hole in its file again; `lost` are those that are not where the dataset says. */
export async function prepareHoles(
  texts: readonly CorpusText[],
  records: readonly HoleRecord[],
  { visible, searchOwnFile, generic, syntax, drafts, signal }: HoleOptions,
): Promise<{ holes: PreparedHole[]; lost: number }> {
  const textOf = new Map(texts.map(({ path, text }) => [path, text]));
  const holes: PreparedHole[] = [];
  for (const record of records) {
    throwIfAborted(signal);
    const location = locateHole(record, textOf.get(record.path) ?? '');
    if (location === undefined) continue;
    const { path, language } = record;
    const draft = drafts?.get(record.id);
    const request = {
      path,
      language,
      visible,
      searchOwnFile,
      ...location,
      ...(draft !== undefined && { draft }),
    };
    holes.push({ record, request, newNames: await newNamesOf(request, record.middle, generic, syntax) });
  }
  return { holes, lost: records.length - holes.length };
}
