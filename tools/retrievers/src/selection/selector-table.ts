import type { Selector } from '../ports.js';
import { coverNames } from './cover-names.js';
import { fillBudget } from './fill-budget.js';

/** By the name that the command line knows. */
export const SELECTORS = {
  /** As the daemon: a chunk that overlaps a better one is left out. */
  dropped: fillBudget({ name: 'dropped', overlapping: 'dropped' }),
  merged: fillBudget({ name: 'merged', overlapping: 'merged' }),
  'signatures-first': fillBudget({ name: 'signatures-first', overlapping: 'merged', signatureShare: 0.3 }),
  'cover-whole': coverNames({ name: 'cover-whole', leastLines: 'whole' }),
  'cover-3': coverNames({ name: 'cover-3', leastLines: 3 }),
  'cover-5': coverNames({ name: 'cover-5', leastLines: 5 }),
  'cover-8': coverNames({ name: 'cover-8', leastLines: 8 }),
  'cover-5-stop': coverNames({ name: 'cover-5-stop', leastLines: 5, leastChance: 0.03 }),
} as const satisfies Record<string, Selector>;

export type SelectorName = keyof typeof SELECTORS;

export const SELECTOR_NAMES = Object.keys(SELECTORS) as SelectorName[];

/** Whether a selector needs to be told which names are needed. */
export function needsNames(name: SelectorName): boolean {
  return name.startsWith('cover-');
}
