import { CompletionService, type CompletionOptions } from '@repoformer/completion';
import { DEFAULT_RUN_SETTINGS, seededRandom, type Hole } from '@repoformer/dataset';
import {
  AppError,
  systemClock,
  throwIfAborted,
  type CompletionRequest,
  type LanguageModel,
  type SnippetRetriever,
} from '@repoformer/domain';
import { admitPath, findSecret } from '@repoformer/indexing';
import { editSimilarity, exactMatch, nonBlankLines } from '@repoformer/metrics';
import type { Syntax } from '@repoformer/syntax';
import { cutCompletion } from '../collect/cut-completion.js';
import {
  SERVE_STATES,
  type ServedHole,
  type ServedRequest,
  type ServeMode,
  type ServeState,
} from './served-request.js';

export interface HoleServerParts {
  readonly model: LanguageModel;
  readonly retriever: SnippetRetriever;
  readonly options: CompletionOptions;
  readonly syntax: Syntax;
  readonly seed: string;
}

/** Puts holes to the product's completion service, as a client would. */
export class HoleServer {
  constructor(private readonly parts: HoleServerParts) {}

  /**
   * Completes a hole in every mode, each from a cold and from a warm state, in a random order that depends on the seed
   * and the hole alone: whatever else the machine does falls on all of them alike.
   *
   * @param repository what the index calls it
   */
  async serve(
    hole: Hole,
    repository: string,
    modes: readonly ServeMode[],
    signal: AbortSignal,
  ): Promise<ServedHole> {
    const requests: ServedRequest[] = [];
    for (const { mode, state } of servingOrder(modes, `${this.parts.seed} ${hole.id}`)) {
      throwIfAborted(signal);
      requests.push(await this.complete(hole, repository, mode, state, signal));
    }
    const { id, path, kind } = hole;
    return { schema: 1, id, repository: hole.repository, path, kind, requests };
  }

  private async complete(
    hole: Hole,
    repository: string,
    mode: ServeMode,
    state: ServeState,
    signal: AbortSignal,
  ): Promise<ServedRequest> {
    const { model, retriever, options } = this.parts;
    // A service remembers what it decided for a line, so each completion has its own.
    const service = new CompletionService({
      retriever,
      models: { generator: () => Promise.resolve(model) },
      clock: systemClock,
      isSecret: (path, text) => admitPath(path) === 'secret' || findSecret(text) !== undefined,
      options,
    });
    const request = requestOf(hole, repository, mode);
    await this.forget(signal);
    if (state === 'warm') await service.warm(request, signal);
    let decision: ServedRequest['decision'] | undefined;
    let hasContext = false;
    for await (const event of service.complete(request, signal)) {
      if (event.kind === 'decision') {
        const { outcome, policy, probability, chunks } = event.decision;
        decision = {
          outcome,
          policy,
          ...(probability !== undefined && { probability }),
          ...(chunks !== undefined && { chunks }),
        };
      } else if (event.kind === 'context') {
        hasContext = event.context.outcome === 'used';
      } else if (event.kind === 'finished' && decision) {
        const { usage, timings } = event;
        const text = await cutCompletion(hole, event.text, this.parts.syntax);
        return {
          ...{ mode, state, decision, hasContext, usage, timings },
          isEmpty: event.text === '',
          editSimilarity: editSimilarity(text, hole.middle),
          exactMatch: exactMatch(text, hole.middle),
        };
      }
    }
    throw new AppError({
      kind: 'internal',
      reason: 'INTERNAL',
      message: 'a completion ended without its end',
    });
  }

  /** Leaves the model with a state that no prompt begins with: prompts begin with a marker. */
  private async forget(signal: AbortSignal): Promise<void> {
    const [tokens] = await this.parts.model.tokenize(['x'], signal);
    const lane = await this.parts.model.acquire({ priority: 'completion', signal });
    try {
      await lane.evaluate(tokens!, { signal });
    } finally {
      lane.release();
    }
  }
}

/** Every mode in every state once, in an order that the seed decides. */
export function servingOrder(
  modes: readonly ServeMode[],
  seed: string,
): { readonly mode: ServeMode; readonly state: ServeState }[] {
  const pairs = modes.flatMap((mode) => SERVE_STATES.map((state) => ({ mode, state })));
  const random = seededRandom(`serve ${seed}`);
  for (let left = pairs.length - 1; left > 0; left--) {
    const other = random.below(left + 1);
    [pairs[left], pairs[other]] = [pairs[other]!, pairs[left]!];
  }
  return pairs;
}

/** As labels are made: as many tokens for each kind of hole, and lines but for functions, which end by themselves. */
function requestOf(hole: Hole, repository: string, mode: ServeMode): CompletionRequest {
  const { path, prefix, suffix, language, kind, middle } = hole;
  return {
    ...{ repository, path, prefix, suffix, language, mode },
    maxTokens: DEFAULT_RUN_SETTINGS.maxTokens[kind],
    maxLines: kind === 'function' ? 0 : nonBlankLines(middle),
    openBuffers: [],
    session: '',
    explain: false,
    stop: [],
    hints: [],
  };
}
