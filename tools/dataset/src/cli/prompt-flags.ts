import type { Command } from 'commander';
import { DEFAULT_RUN_SETTINGS, type RunSettings } from '../label/run-settings.js';
import { wholeNumber } from './number-flags.js';

export interface PromptFlags {
  readonly prefixTokens: number;
  readonly suffixTokens: number;
  readonly contextTokens: number;
  readonly maxChunks: number;
}

/** Flags for how much of what a prompt holds; by default as much as the product's. */
export function addPromptFlags(
  command: Command,
  { maxChunks, remark = '' }: Pick<RunSettings, 'maxChunks'> & { readonly remark?: string },
): Command {
  const { budgets } = DEFAULT_RUN_SETTINGS;
  return command
    .option('--prefix-tokens <n>', 'most tokens before the hole', wholeNumber, budgets.prefixTokens)
    .option('--suffix-tokens <n>', 'most tokens after it', wholeNumber, budgets.suffixTokens)
    .option('--context-tokens <n>', 'most tokens of context', wholeNumber, budgets.contextTokens)
    .option('--max-chunks <n>', `most chunks of context${remark}`, wholeNumber, maxChunks);
}

export function promptSettings(flags: PromptFlags): Pick<RunSettings, 'budgets' | 'maxChunks'> {
  const { prefixTokens, suffixTokens, contextTokens, maxChunks } = flags;
  return { budgets: { prefixTokens, suffixTokens, contextTokens }, maxChunks };
}
