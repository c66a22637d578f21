import {
  abortError,
  throwIfAborted,
  type Chunk,
  type LanguageModel,
  type ModelLane,
} from '@repoformer/domain';
import {
  assembleDecision,
  assemblePrompt,
  copyingOf,
  type FimFormat,
  type CopySources,
  type PromptParts,
} from '@repoformer/fim';
import { nonBlankLines } from '@repoformer/metrics';
import { FIRST_TOKEN_TOP } from '@repoformer/policy';
import { CompletionFilter } from '@repoformer/postprocess';
import { prepareHole, type RunnableHole } from './hole-prompts.js';
import type { HoleRun, Probe, Variant } from './hole-run.js';
import { readoutTokens } from './readout-tokens.js';
import type { RunSettings } from './run-settings.js';

/** Log-probabilities of a read-out are kept in steps of 1/256 nat: finer ones are noise, and do not compress. */
const READOUT_STEPS = 256;

/** A hole, and what is at hand for it. */
interface VariantRun extends CopySources {
  readonly hole: RunnableHole;
  readonly parts: PromptParts;
  /** What is typed on the hole's line. */
  readonly typed: string;
}

/** Puts holes to a loaded model, with the prompts, the budgets and the stop rules of the product. */
export class HoleRunner {
  readonly #readout: readonly number[];

  constructor(
    private readonly model: LanguageModel,
    private readonly format: FimFormat,
    private readonly settings: RunSettings,
  ) {
    this.#readout = readoutTokens(model.info);
  }

  /**
   * Evaluates and completes one hole: the truth's likelihood, and completions, without context and with the first
   * 1, 2, ... of `chunks`; both as the product would, which helps some models to copy from all that was found. What prompts have in common
   * is evaluated once, so that with the context behind the suffix, best chunk first, each further chunk costs its own tokens only.
   *
   * @param chunks best first; those that the budget does not hold are left out
   */
  async run(hole: RunnableHole, chunks: readonly Chunk[], signal: AbortSignal): Promise<HoleRun> {
    const { model, format, settings } = this;
    const {
      parts,
      typed,
      target,
      contexts,
      found: unread,
    } = await prepareHole(hole, chunks, { model, format, settings }, signal);

    const lane = await this.model.acquire({ priority: 'completion', signal });
    try {
      const startedAt = performance.now();
      const decision = await this.#probe(lane, assembleDecision(this.format, parts), signal);
      const sharedMs = performance.now() - startedAt;
      const first = await this.#probe(lane, assemblePrompt(this.format, parts), signal);
      const { completions } = this.settings;
      const run = { hole, parts, target, typed };
      const isHelped = unread !== undefined && model.info.copying !== undefined;
      const alone = isHelped
        ? await this.#variant(lane, { ...run, writes: completions !== 'none' }, signal)
        : undefined;
      const variants: Variant[] = [];
      for (const [count, context] of [undefined, ...contexts].entries()) {
        const isEnd = count === 0 || count === contexts.length;
        const writes = completions === 'all' || (completions === 'ends' && isEnd);
        const before = variants.at(-1)?.contextMs ?? 0;
        const sources = context ? { context } : isHelped ? { unread } : {};
        const variant = await this.#variant(lane, { ...run, ...sources, writes }, signal);
        // Chunks before are evaluated already where the prompt only grows; their cost belongs to this context too.
        const isGrown = this.format.sharesPrefix && this.format.withContext.chunk.order === 'best-first';
        variants.push(isGrown ? { ...variant, contextMs: before + variant.contextMs } : variant);
      }
      return {
        tokens: { prefix: parts.prefix.length, suffix: parts.suffix.length, target: target.length },
        sharedMs,
        probes: { decision, first },
        variants: variants as [Variant, ...Variant[]],
        ...(alone && { alone }),
      };
    } finally {
      lane.release();
    }
  }

  async #variant(
    lane: ModelLane,
    run: VariantRun & { readonly target: Int32Array; readonly writes: boolean },
    signal: AbortSignal,
  ): Promise<Variant> {
    const prompt = assemblePrompt(this.format, run.parts, run.context);
    let contextMs = 0;
    if (run.context) {
      const startedAt = performance.now();
      await lane.evaluate(prompt.slice(0, -1), { signal });
      contextMs = performance.now() - startedAt;
    }
    const scores = await lane.logProbabilities(Int32Array.of(...prompt, ...run.target), {
      from: prompt.length,
      ...copyingOf(this.model.info, run.parts, run),
      signal,
    });
    const completion = run.writes ? await this.#complete(lane, prompt, run, signal) : undefined;
    return {
      chunks: run.context?.chunks.length ?? 0,
      contextTokens: run.context?.tokens.length ?? 0,
      logLikelihood: scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length),
      contextMs,
      ...(completion && { completion }),
    };
  }

  async #complete(
    lane: ModelLane,
    prompt: Int32Array,
    run: VariantRun,
    signal: AbortSignal,
  ): Promise<NonNullable<Variant['completion']>> {
    const { hole, parts, context, typed } = run;
    const filter = new CompletionFilter({
      typed,
      suffix: hole.suffix,
      // A function ends by its indentation; the others are cut as the metric demands.
      maxLines: hole.kind === 'function' ? 0 : nonBlankLines(hole.middle),
      stop: [],
      headers: context?.headers ?? [],
    });
    const startedAt = performance.now();
    const pieces = lane.generate(prompt, {
      maxTokens: this.settings.maxTokens[hole.kind],
      forcedBytes: parts.forcedBytes,
      stopTokens: this.format.stopTokens,
      ...copyingOf(this.model.info, parts, run),
      signal,
    });
    let text = '';
    let generatedTokens = 0;
    let endedItself = false;
    try {
      for (;;) {
        const next = await pieces.next();
        if (next.done) {
          text += filter.end();
          endedItself = next.value === 'end_token';
          break;
        }
        generatedTokens = next.value.generatedTokens;
        const step = filter.push(next.value.text);
        text += step.text;
        if (step.stop !== undefined) break;
      }
    } finally {
      await pieces.return('max_tokens');
    }
    if (signal.aborted) throw abortError(signal);
    return { text, generatedTokens, decodeMs: performance.now() - startedAt, endedItself };
  }

  async #probe(lane: ModelLane, tokens: Int32Array, signal: AbortSignal): Promise<Probe> {
    throwIfAborted(signal);
    const { decisionToken } = this.format;
    // At the very start of a file there may be nothing to evaluate.
    if (tokens.length === 0) return { top: [], readout: '' };
    const watch = decisionToken === undefined ? this.#readout : [...this.#readout, decisionToken];
    const { probabilities, argmax, top } = await lane.evaluate(tokens, {
      watch,
      top: FIRST_TOKEN_TOP,
      signal,
    });
    const readout = Float32Array.from(
      this.#readout,
      (_, i) => Math.round(Math.log(probabilities[i]!) * READOUT_STEPS) / READOUT_STEPS,
    );
    return {
      ...(decisionToken !== undefined && {
        retrieve: probabilities.at(-1)!,
        isRetrieveArgmax: argmax === decisionToken,
      }),
      top: top.map((probability) => Number(probability.toPrecision(5))),
      readout: Buffer.from(readout.buffer).toString('base64'),
    };
  }
}
