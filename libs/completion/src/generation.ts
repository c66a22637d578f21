import type { ModelLane } from '@repoformer/domain';
import { assemblePrompt, copyingOf, type CopySources, type Hole, type PromptParts } from '@repoformer/fim';
import { CompletionFilter } from '@repoformer/postprocess';
import type { FormattedModel } from './formatted-models.js';
import type { CompletionRun } from './run.js';

export interface GenerationInput extends CopySources {
  readonly generator: FormattedModel;
  readonly lane: ModelLane;
  readonly hole: Hole;
  readonly parts: PromptParts;
}

/** Evaluates the chosen branch and streams what the model writes, until it or a rule ends it. */
export async function generate(run: CompletionRun, input: GenerationInput): Promise<void> {
  const { request, signal, usage } = run;
  const { lane, parts, context } = input;
  const { format } = input.generator;
  const prompt = assemblePrompt(format, parts, context);
  usage.prompt = prompt.length;
  usage.context = context?.tokens.length ?? 0;
  // At the start of a file, a model without markers has nothing to go on from.
  if (prompt.length === 0) return run.sendFinished('end');
  // The last token is left to generation, which needs its logits.
  await run.timed('prefillMs', () => run.evaluate(lane, prompt.slice(0, -1)));
  usage.reused = Math.max(0, prompt.length - 1 - run.evaluatedTokens);

  const filter = new CompletionFilter({
    ...request,
    typed: input.hole.typed,
    headers: context?.headers ?? [],
  });
  const decodeFromMs = run.elapsedMs();
  const pieces = lane.generate(prompt, {
    maxTokens: request.maxTokens,
    forcedBytes: parts.forcedBytes,
    ...(request.sampling && { sampling: request.sampling }),
    stopTokens: format.stopTokens,
    ...copyingOf(input.generator.model.info, parts, input),
    signal,
  });
  try {
    for (;;) {
      const next = await pieces.next();
      run.timings.decodeMs = run.elapsedMs() - decodeFromMs;
      if (next.done) {
        run.sendText(filter.end());
        return run.sendFinished(next.value === 'end_token' ? 'end' : 'max_tokens');
      }
      usage.generated = next.value.generatedTokens;
      const { text, stop } = filter.push(next.value.text);
      run.sendText(text);
      if (stop) return run.sendFinished('stop_rule');
    }
  } finally {
    await pieces.return('max_tokens');
  }
}
