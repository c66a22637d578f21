export { cutToLines, nonBlankLines } from './cut-to-lines.js';
export { editSimilarity } from './edit-similarity.js';
export { exactMatch, tokenizeForMatch } from './exact-match.js';
export { identifierF1, identifierMatch, identifiersOf } from './identifiers.js';
export { codePoints, levenshtein } from './levenshtein.js';
