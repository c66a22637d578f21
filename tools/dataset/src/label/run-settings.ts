import type { TokenBudgets } from '@repoformer/fim';
import type { HoleKind } from '../record.js';

/** How holes are put to a model. Whatever changes here changes what labels mean. */
export interface RunSettings {
  readonly budgets: TokenBudgets;
  /** Most chunks in a prompt. */
  readonly maxChunks: number;
  /** Most tokens generated, by kind of hole. */
  readonly maxTokens: Readonly<Record<HoleKind, number>>;
  /** Completions to write: without context and with all of it, at each number of chunks, or none. */
  readonly completions: 'ends' | 'all' | 'none';
}

/** The budgets are the daemon's defaults: labels tell of prompts as the product writes them. */
export const DEFAULT_RUN_SETTINGS: RunSettings = {
  budgets: { prefixTokens: 512, suffixTokens: 128, contextTokens: 512 },
  maxChunks: 3,
  maxTokens: { line_rest: 48, line: 48, call: 96, chunk: 160, function: 256 },
  completions: 'ends',
};
