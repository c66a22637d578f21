import { ContextOutcome, DecisionOutcome, FinishReason } from '@repoformer/protocol';
import type { Context, Decision, Finished, Prompt } from '@repoformer/protocol';
import { chunkPlace, renderChunk } from './chunk.js';
import { printable } from './style.js';
import type { Style } from './style.js';
import { formatCount, formatMs, formatNoun, shortOid } from './units.js';

const OUTCOMES: Record<ContextOutcome, string> = {
  [ContextOutcome.UNSPECIFIED]: 'unknown',
  [ContextOutcome.USED]: 'used',
  [ContextOutcome.COPIED_FROM]: 'copied from, not read: the policy abstained',
  [ContextOutcome.SKIPPED_BY_POLICY]: 'not retrieved: the policy abstained',
  [ContextOutcome.NOTHING_FOUND]: 'nothing found',
  [ContextOutcome.INDEX_NOT_READY]: 'not retrieved: the index is not ready',
  [ContextOutcome.TIMED_OUT]: 'not retrieved: it took too long',
  [ContextOutcome.FAILED]: 'not retrieved: retrieval failed; the log says why',
  [ContextOutcome.NO_REPOSITORY]: 'none: the file belongs to no registered repository',
};

const FINISHES: Record<FinishReason, string> = {
  [FinishReason.UNSPECIFIED]: 'unknown',
  [FinishReason.END]: 'the model ended it',
  [FinishReason.STOP_RULE]: 'a stop rule ended it',
  [FinishReason.MAX_TOKENS]: 'token limit',
  [FinishReason.BUDGET]: 'time budget spent',
  [FinishReason.SUPERSEDED]: 'superseded by a newer request',
};

/** `retrieve  P 0.62 > 0.30  self: the model asks for context`. */
export function renderDecision(decision: Decision, style: Style): string {
  const retrieves = decision.outcome === DecisionOutcome.RETRIEVE;
  const word = retrieves ? style.green('retrieve') : style.yellow('abstain');
  const { probability, threshold } = decision;
  let comparison = '';
  if (probability !== undefined) {
    comparison = `  P ${probability.toFixed(2)}`;
    if (threshold !== undefined) comparison += ` ${retrieves ? '>' : '<='} ${threshold.toFixed(2)}`;
  }
  return `${word}${comparison}  ${style.dim(printable(`${decision.policy}: ${decision.reason}`))}`;
}

/** One line; with `explain` each chunk in full below it. */
export function renderContext(context: Context, style: Style, explain: boolean): string {
  const { chunks, outcome, indexedCommit, headCommit } = context;
  const parts = [OUTCOMES[outcome] ?? 'unknown'];
  if (chunks.length > 0) parts.push(formatNoun(chunks.length, 'chunk'));
  if (indexedCommit !== '' && headCommit !== '' && indexedCommit !== headCommit) {
    parts.push(`index at ${shortOid(indexedCommit)}, HEAD at ${shortOid(headCommit)}`);
  }
  const head = `${style.bold('context')} ${style.dim(parts.join(', '))}`;
  if (explain) {
    const prompt = context.prompt ? [style.dim(renderPrompt(context.prompt))] : [];
    return [head, ...chunks.map((chunk) => renderChunk(chunk, style, printable)), ...prompt].join('\n');
  }
  const list = chunks.map((chunk) => `  ${chunk.score.toFixed(2)}  ${printable(chunkPlace(chunk))}`);
  return [head, ...list.map(style.dim)].join('\n');
}

/** `prompt  repoformer, after-suffix: prefix 512, suffix 96, context 300, typed 4 tokens`. */
function renderPrompt({ family, placement, parts }: Prompt): string {
  const counted = parts.filter((part) => part.kind !== 'marker');
  const sizes = counted.map((part) => `${part.kind} ${formatCount(part.tokens)}`);
  return `prompt  ${family}, ${placement}: ${sizes.join(', ')} tokens`;
}

/** What it cost: tokens and times, in one line; with `explain` every count and stage. */
export function renderFinished(finished: Finished, style: Style, explain: boolean): string {
  const { usage, timings, reason } = finished;
  const generated = usage?.generated ?? 0;
  const why = FINISHES[reason] ?? 'unknown';
  const head = [formatNoun(generated, 'token'), why];
  if (timings !== undefined) {
    // Tokens may be no text: what is typed already, or stands behind the cursor.
    if (generated > 0) {
      head.push(timings.firstTokenMs > 0 ? `first after ${formatMs(timings.firstTokenMs)}` : 'no new text');
    }
    head.push(`total ${formatMs(timings.totalMs)}`);
  }
  const lines = [`${style.bold('done')} ${style.dim(head.join(', '))}`];
  if (usage !== undefined && explain) {
    const { prompt, reused, context } = usage;
    lines.push(
      style.dim(
        `  tokens: prompt ${formatCount(prompt)} (reused ${formatCount(reused)}, context ${formatCount(context)}), generated ${formatCount(generated)}`,
      ),
    );
  }
  if (timings !== undefined && explain) {
    const stages = [
      ['queue', timings.queueMs],
      ['decide', timings.decideMs],
      ['retrieve', timings.retrieveMs],
      ['prefill', timings.prefillMs],
      ['first token', timings.firstTokenMs],
      ['decode', timings.decodeMs],
      ['total', timings.totalMs],
    ] as const;
    lines.push(style.dim(`  times: ${stages.map(([name, ms]) => `${name} ${formatMs(ms)}`).join(', ')}`));
  }
  return lines.join('\n');
}
