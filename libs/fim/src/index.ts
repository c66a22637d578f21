export { describePrompt } from './describe-prompt.js';
export type { Placement } from './family.js';
export { FAMILY_NAMES, FAMILY_TABLE } from './family-table.js';
export { resolveFormat, suffixFirst, type FimFormat } from './format.js';
export { anchorHole, type Hole } from './hole.js';
export {
  assembleDecision,
  assemblePrompt,
  assembleShared,
  copyingOf,
  prepareContext,
  prepareParts,
  type CopySources,
  type PromptContext,
  type PromptParts,
  type PromptSource,
  type TokenBudgets,
  type TokenSource,
} from './prompt.js';
export { visibleText } from './visible-text.js';
