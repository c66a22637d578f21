import { codePoints, levenshtein } from './levenshtein.js';
import { strip } from './whitespace.js';

/**
 * Edit similarity, 0 to 100: 100 · (1 − Levenshtein distance / length of the longer), both texts stripped of white
 * space at their ends. Two empty texts are alike: 100.
 *
 * Source: RepoCoder (Zhang et al., EMNLP 2023, section 3.3) and Repoformer (Wu et al., ICML 2024, section 5.1); the
 * released code of the latter calls it `cal_edit_sim_repoeval`. Lengths are in code points, as Python counts them.
 * CrossCodeEval's script reports a different ratio of the same name (an insertion-deletion ratio rounded to
 * whole per cent), which comes out higher; it is not computed here.
 */
export function editSimilarity(prediction: string, truth: string): number {
  const a = codePoints(strip(prediction));
  const b = codePoints(strip(truth));
  const longer = Math.max(a.length, b.length);
  return longer === 0 ? 100 : 100 * (1 - levenshtein(a, b) / longer);
}
