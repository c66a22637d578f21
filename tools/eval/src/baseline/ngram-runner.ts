import { createHash } from 'node:crypto';
import { throwIfAborted } from '@repoformer/domain';
import { DEFAULT_RUN_SETTINGS, type HoleRun, type LabelRun, type RunnableHole } from '@repoformer/dataset';
import { nonBlankLines } from '@repoformer/metrics';
import { completeByNgram } from './complete-by-ngram.js';
import { lexCode } from './lexer.js';
import { NGRAM_ORDER, type NgramModel } from './ngram-model.js';

/** Another number for whatever changes what the baseline writes. */
const VERSION = 1;
const { maxTokens } = DEFAULT_RUN_SETTINGS;

/** What `run.json` says of labels by the n-gram baseline: no model file, no context, no chunks. */
export function describeNgramRun(): LabelRun {
  const description = JSON.stringify(['n-gram with cache', VERSION, NGRAM_ORDER]);
  return {
    schema: 1,
    model: {
      name: `${NGRAM_ORDER}-gram with cache`,
      sha256: createHash('sha256').update(description).digest('hex'),
      adapters: [],
    },
    family: 'n-gram',
    placement: 'none',
    order: 'best-first',
    chunkTemplate: '',
    settings: { ...DEFAULT_RUN_SETTINGS, maxChunks: 0, completions: 'all' },
    readoutTokens: [],
  };
}

/**
 * Puts holes of one repository to its n-gram model, in the form of a label. There is one variant, without context: the
 * model knows the whole repository, and retrieves nothing. Tokens are words and signs of the source, not a vocabulary's;
 * `logLikelihood` is per such token and not to be compared with another model's.
 */
export class NgramRunner {
  constructor(private readonly model: NgramModel) {}

  async run(hole: RunnableHole, _chunks: readonly unknown[], signal: AbortSignal): Promise<HoleRun> {
    throwIfAborted(signal);
    const startedAt = performance.now();
    const { tokens, logLikelihood } = this.likelihood(hole);
    const sharedMs = performance.now() - startedAt;
    const lines = hole.kind === 'function' ? {} : { lines: nonBlankLines(hole.middle) };
    const from = performance.now();
    const text = completeByNgram(this.model, hole, { maxTokens: maxTokens[hole.kind], ...lines });
    const decodeMs = performance.now() - from;
    const generatedTokens = lexCode(text).tokens.length;
    return {
      tokens,
      sharedMs,
      probes: { decision: { top: [], readout: '' }, first: { top: [], readout: '' } },
      variants: [
        {
          chunks: 0,
          contextTokens: 0,
          logLikelihood,
          contextMs: 0,
          completion: {
            text,
            generatedTokens,
            decodeMs,
            endedItself: generatedTokens < maxTokens[hole.kind],
          },
        },
      ],
    };
  }

  /** Mean natural log-probability of the truth's tokens; the word that the cursor stands in counts as one of them. */
  private likelihood({ path, prefix, middle, suffix }: RunnableHole) {
    const before = lexCode(prefix, { open: true });
    const after = lexCode(suffix);
    const whole = lexCode(prefix + middle).tokens;
    const differs = before.tokens.findIndex((token, at) => token !== whole[at]);
    const from = differs < 0 ? before.tokens.length : differs;
    const context = this.model.at(path, before, after);
    let sum = 0;
    for (let at = from; at < whole.length; at++) {
      sum += Math.log(context.probability(whole.slice(Math.max(0, at - NGRAM_ORDER), at), whole[at]!));
    }
    const target = whole.length - from;
    return {
      tokens: { prefix: before.tokens.length, suffix: after.tokens.length, target },
      logLikelihood: sum / Math.max(1, target),
    };
  }
}
