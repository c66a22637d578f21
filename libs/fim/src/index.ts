export { describePrompt } from './describe-prompt.js';
export { PLACEMENTS, type Placement } from './family.js';
export { FAMILY_NAMES, FAMILY_TABLE } from './family-table.js';
export { resolveFormat, type FimFormat } from './format.js';
export { anchorHole, healingStart, type Hole } from './hole.js';
export {
  assembleDecision,
  assemblePrompt,
  assembleShared,
  prepareContext,
  prepareParts,
  type PromptContext,
  type PromptParts,
  type PromptSource,
  type TokenBudgets,
  type TokenSource,
} from './prompt.js';
