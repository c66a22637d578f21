import type { Chunk, LanguageModel } from '@repoformer/domain';
import {
  anchorHole,
  prepareContext,
  prepareParts,
  type FimFormat,
  type PromptContext,
  type PromptParts,
} from '@repoformer/fim';
import type { Hole } from '../record.js';
import type { RunSettings } from './run-settings.js';

/** A hole as a model is asked to complete it; a {@link Hole} or a record of one. */
export type RunnableHole = Pick<
  Hole,
  'repository' | 'path' | 'language' | 'kind' | 'prefix' | 'middle' | 'suffix'
>;

/** What a model is shown of a hole, and what it should write, in its tokens. */
export interface HolePrompts {
  readonly parts: PromptParts;
  /** What is typed on the hole's line. */
  readonly typed: string;
  /** The truth, with the typed bytes that are generated again in front. */
  readonly target: Int32Array;
  /** Ever longer ones, with the 1, 2, ... best chunks, until another chunk adds nothing. */
  readonly contexts: readonly PromptContext[];
  /** All that the budget holds, also of more chunks than are to be read; undefined: there is nothing. */
  readonly found: PromptContext | undefined;
}

/** Makes prompts as the product does. */
export async function prepareHole(
  hole: RunnableHole,
  chunks: readonly Chunk[],
  {
    model,
    format,
    settings: { budgets, maxChunks },
  }: {
    readonly model: Pick<LanguageModel, 'tokenize' | 'tokenBytes'>;
    readonly format: FimFormat;
    readonly settings: Pick<RunSettings, 'budgets' | 'maxChunks'>;
  },
  signal: AbortSignal,
): Promise<HolePrompts> {
  const { above, typed, suffix } = anchorHole(hole.prefix, hole.suffix);
  const tokens = {
    tokenize: (texts: readonly string[]) => model.tokenize(texts, signal),
    tokenBytes: (ids: Int32Array) => model.tokenBytes(ids, signal),
  };
  const source = {
    hole: { above, typed, suffix },
    path: hole.path,
    language: hole.language,
    repositoryName: hole.repository.slice(hole.repository.lastIndexOf('/') + 1),
  };
  const parts = await prepareParts(format, source, budgets, tokens);
  const forced = new TextDecoder().decode(parts.forcedBytes);
  const [target] = await model.tokenize([forced + hole.middle], signal);
  const contextOf = (shown: readonly Chunk[]) =>
    prepareContext(format, shown, hole.language, budgets.contextTokens, tokens);
  const contexts: PromptContext[] = [];
  for (let count = 1; count <= Math.min(maxChunks, chunks.length); count++) {
    const context = await contextOf(chunks.slice(0, count));
    if (context.tokens.length === (contexts.at(-1)?.tokens.length ?? 0)) break;
    contexts.push(context);
  }
  const found = contexts.length > 0 ? await contextOf(chunks) : undefined;
  return { parts, typed, target: target!, contexts, found };
}
