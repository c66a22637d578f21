import type { OptionName } from '@repoformer/config';

/** Options of the table that every command takes. */
export const GLOBAL_TABLE_OPTIONS: readonly string[] = [
  'data-dir',
  'socket',
  'model',
] satisfies readonly OptionName[];
