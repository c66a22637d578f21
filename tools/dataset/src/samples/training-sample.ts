import { createHash } from 'node:crypto';
import { AppError, throwIfAborted, type Chunk, type LanguageModel } from '@repoformer/domain';
import {
  assembleDecision,
  assemblePrompt,
  suffixFirst,
  type FimFormat,
  type TokenBudgets,
} from '@repoformer/fim';
import { prepareHole, type RunnableHole } from '../label/hole-prompts.js';
import type { RunSettings } from '../label/run-settings.js';

/** First line of a file of samples. */
export interface SampleHead {
  readonly schema: 1;
  /** Lines that follow. */
  readonly samples: number;
  /** The token that asks for context; null: the format has none. */
  readonly retrieveToken: number | null;
  readonly middleToken: number;
  /** Of the GGUF file whose tokens these are. */
  readonly modelSha256: string;
  readonly family: string;
  readonly placement: string;
  readonly settings: SampleSettings;
}

export interface SampleSettings extends Pick<RunSettings, 'budgets' | 'maxChunks'> {
  /** Share of samples that have the suffix in front of the prefix, from 0 to 1. */
  readonly suffixFirst: number;
  /** Share of samples with a quarter to a half of the budgets, from 0 to 1. */
  readonly shortened: number;
}

/**
 * A hole as tokens to train on. Without context a model reads `trunk` and `tail`, with it `trunk`, `context` and `tail`;
 * then it writes `target`.
 */
export interface TrainingSample {
  readonly id: string;
  /** Up to where it is decided whether to retrieve. */
  readonly trunk: readonly number[];
  /** From the retrieval token on; empty where nothing was retrieved. */
  readonly context: readonly number[];
  /** From the middle marker on, with what is typed. */
  readonly tail: readonly number[];
  /** The truth, and a token that ends it. */
  readonly target: readonly number[];
  /** 1: context helped, 0: not; absent: not known. */
  readonly retrieve?: number;
}

export interface SampleOptions {
  readonly model: Pick<LanguageModel, 'tokenize' | 'tokenBytes' | 'info'>;
  readonly format: FimFormat;
  readonly settings: SampleSettings;
  readonly signal: AbortSignal;
}

/**
 * Makes the prompts that the product makes. Of more than one chunk mostly the best alone is shown, as the product mostly
 * does: of three in 58 % of samples, two in 24 %, all in 18 %; the id decides.
 *
 * @throws AppError failed_precondition/MODEL_UNSUPPORTED when the format has no place for a decision before the context
 */
export async function trainingSample(
  { id, retrieve, ...hole }: RunnableHole & { readonly id: string; readonly retrieve?: number },
  chunks: readonly Chunk[],
  { model, format: served, settings, signal }: SampleOptions,
): Promise<TrainingSample> {
  throwIfAborted(signal);
  if (!served.sharesPrefix) throw unsupported(`${served.family} wants context in front of the prefix`);
  const format = unitOf(`${id} order`) < settings.suffixFirst ? suffixFirst(served) : served;
  const sized = { ...settings, budgets: budgetsOf(id, settings) };
  const { parts, target, contexts } = await prepareHole(
    hole,
    chunks,
    { model, format, settings: sized },
    signal,
  );
  const trunk = assembleDecision(format, parts);
  const tail = assemblePrompt(format, parts).slice(trunk.length);
  const context = contexts[Math.floor(contexts.length * unitOf(id) ** 2)];
  const shown = context
    ? assemblePrompt(format, parts, context).slice(trunk.length, -tail.length)
    : new Int32Array();
  return {
    id,
    trunk: [...trunk],
    context: [...shown],
    tail: [...tail],
    target: [...target, endToken(format, model.info)],
    ...(retrieve !== undefined && { retrieve }),
  };
}

function budgetsOf(id: string, { budgets, shortened }: SampleSettings): TokenBudgets {
  if (unitOf(`${id} shortened`) >= shortened) return budgets;
  const factor = 0.25 + 0.25 * unitOf(`${id} length`);
  const { prefixTokens, suffixTokens, contextTokens } = budgets;
  const part = (tokens: number) => Math.ceil(factor * tokens);
  return {
    prefixTokens: part(prefixTokens),
    suffixTokens: part(suffixTokens),
    contextTokens: part(contextTokens),
  };
}

/** From 0 to less than 1, the same for the same id. */
function unitOf(id: string): number {
  return createHash('sha256').update(id).digest().readUInt32BE() / 2 ** 32;
}

/** What a model learns to end with: the family's first stop that the vocabulary has. */
function endToken({ stopTokens }: FimFormat, { specialTokens, endTokens }: LanguageModel['info']): number {
  const token = specialTokens['<|endoftext|>'] ?? endTokens[0] ?? stopTokens[0];
  if (token === undefined) throw unsupported('the vocabulary has no token that ends a text');
  return token;
}

function unsupported(message: string): AppError {
  return new AppError({ kind: 'failed_precondition', reason: 'MODEL_UNSUPPORTED', message });
}
