import type { Duration } from '@bufbuild/protobuf/wkt';
import { invalidArgument } from '@repoformer/domain';
import type { CompletionRequest, RetrievalMode as Mode, SamplingOptions } from '@repoformer/domain';
import { RetrievalMode } from '../gen/repoformer/v1/completion_pb.js';
import type { CompleteRequest, Sampling, WarmRequest } from '../gen/repoformer/v1/completion_pb.js';
import {
  checkHints,
  checkLabel,
  checkOpenBuffers,
  checkRelativePath,
  checkRepository,
  checkText,
  checkThreshold,
  REQUEST_LIMITS,
} from './request-checks.js';

/** Milliseconds kept back from the client's deadline, so that the finished event still arrives before it. */
const DEADLINE_RESERVE_MS = 25;

export interface ParseCompletionOptions {
  /** Time until the call's own deadline; the budget is the smaller of the two. Undefined: no deadline. */
  readonly remainingMs?: number | undefined;
  /** What `max_tokens` 0 stands for; default 64. */
  readonly defaultMaxTokens?: number;
}

/**
 * The checked request with its defaults filled in.
 *
 * @throws AppError invalid_argument/INVALID_REQUEST, naming the field.
 */
export function parseCompleteRequest(
  request: CompleteRequest,
  { remainingMs, defaultMaxTokens = REQUEST_LIMITS.defaultMaxTokens }: ParseCompletionOptions = {},
): CompletionRequest {
  const mode = parseMode(request.mode);
  const threshold = checkThreshold('threshold', request.threshold);
  if (threshold !== undefined && mode !== 'auto') {
    throw invalidArgument('threshold', 'only has a meaning with RETRIEVAL_MODE_AUTO; leave one of them out');
  }
  if (request.maxTokens > REQUEST_LIMITS.maxTokens) {
    throw invalidArgument('max_tokens', `must be at most ${REQUEST_LIMITS.maxTokens}`);
  }
  const sampling = parseSampling(request.sampling);
  const budgetMs = parseBudget(request.budget, remainingMs);
  return {
    repository: checkRepository('repository', request.repository, true),
    path: checkRelativePath('path', request.path, true),
    prefix: checkText('prefix', request.prefix, REQUEST_LIMITS.textBytes),
    suffix: checkText('suffix', request.suffix, REQUEST_LIMITS.textBytes),
    language: checkLabel('language', request.language, REQUEST_LIMITS.nameBytes),
    mode,
    ...(threshold !== undefined && { threshold }),
    maxTokens: request.maxTokens === 0 ? defaultMaxTokens : request.maxTokens,
    maxLines: request.maxLines,
    ...(sampling !== undefined && { sampling }),
    openBuffers: checkOpenBuffers('open_buffers', request.openBuffers),
    ...(budgetMs !== undefined && { budgetMs }),
    session: checkText('session', request.session, REQUEST_LIMITS.sessionBytes),
    explain: request.explain,
    stop: parseStops(request.stop),
    hints: checkHints('hints', request.hints),
  };
}

/**
 * The completion that a warm-up prepares.
 *
 * @throws AppError invalid_argument/INVALID_REQUEST, naming the field.
 */
export function parseWarmRequest(
  request: WarmRequest,
  options: ParseCompletionOptions = {},
): CompletionRequest {
  if (request.request === undefined) {
    throw invalidArgument('request', 'is missing; send the completion expected next');
  }
  return parseCompleteRequest(request.request, options);
}

function parseMode(mode: RetrievalMode): Mode {
  switch (mode) {
    case RetrievalMode.UNSPECIFIED:
    case RetrievalMode.AUTO:
      return 'auto';
    case RetrievalMode.ALWAYS:
      return 'always';
    case RetrievalMode.NEVER:
      return 'never';
    default:
      // Enums of proto3 are open: any number can arrive.
      throw invalidArgument('mode', `has the unknown value ${String(mode)}`);
  }
}

/** Undefined (greedy) when absent or with temperature 0. */
function parseSampling(sampling: Sampling | undefined): SamplingOptions | undefined {
  if (sampling === undefined) return undefined;
  const { temperature, topP, topK, seed } = sampling;
  if (!(temperature >= 0 && temperature <= 2)) {
    throw invalidArgument('sampling.temperature', 'must be between 0 and 2');
  }
  if (!(topP >= 0 && topP <= 1)) throw invalidArgument('sampling.top_p', 'must be between 0 and 1');
  if (temperature === 0) return undefined;
  // Samplers take 32 bits: folded, so that both halves of a long seed matter.
  const folded = Number(BigInt.asUintN(32, seed ^ (seed >> 32n)));
  return { temperature, topP: topP === 0 ? 1 : topP, topK, seed: folded };
}

function parseBudget(budget: Duration | undefined, remainingMs: number | undefined): number | undefined {
  const fromDeadline = remainingMs === undefined ? Infinity : Math.max(1, remainingMs - DEADLINE_RESERVE_MS);
  let asked = Infinity;
  if (budget !== undefined) {
    asked = Number(budget.seconds) * 1000 + budget.nanos / 1e6;
    if (!(asked > 0 && asked <= REQUEST_LIMITS.budgetMs)) {
      throw invalidArgument('budget', 'must be more than zero and at most one hour');
    }
  }
  const budgetMs = Math.min(asked, fromDeadline);
  return Number.isFinite(budgetMs) ? budgetMs : undefined;
}

function parseStops(stops: readonly string[]): string[] {
  if (stops.length > REQUEST_LIMITS.stops) {
    throw invalidArgument('stop', `has ${stops.length} entries; at most ${REQUEST_LIMITS.stops}`);
  }
  return stops.map((stop, i) => {
    if (stop === '') throw invalidArgument(`stop[${i}]`, 'is empty');
    return checkText(`stop[${i}]`, stop, REQUEST_LIMITS.stopBytes);
  });
}
