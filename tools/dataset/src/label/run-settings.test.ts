import { findOption } from '@repoformer/config';
import { expect, it } from 'vitest';
import { DEFAULT_RUN_SETTINGS } from './run-settings.js';

it('has the budgets that the daemon has by default', () => {
  const budgetOf = (name: string) => findOption(name)?.default;
  expect(DEFAULT_RUN_SETTINGS.budgets).toEqual({
    prefixTokens: budgetOf('prefix-tokens'),
    suffixTokens: budgetOf('suffix-tokens'),
    contextTokens: budgetOf('retrieved-tokens'),
  });
});
