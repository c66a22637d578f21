import { isBlank } from './whitespace.js';

/** How many lines of a text have more than white space. */
export function nonBlankLines(text: string): number {
  return text.split('\n').filter((line) => !isBlank(line)).length;
}

/**
 * The beginning of a prediction up to the end of its n-th line that is not blank; all of it when it has fewer.
 * Line, call and chunk predictions are cut to the truth's {@link nonBlankLines} before they are compared: what a model
 * goes on to write is not judged.
 *
 * Source: RepoCoder (Zhang et al., EMNLP 2023, section 3.3) and Repoformer (Wu et al., ICML 2024, section 5.1). The
 * released code of the latter drops blank lines from the prediction but not from the truth, so that a truth with a
 * blank line inside can never be met; here they stay in both.
 *
 * @param lines 0 gives the empty text
 */
export function cutToLines(prediction: string, lines: number): string {
  let remaining = lines;
  if (remaining <= 0) return '';
  for (let start = 0; start <= prediction.length;) {
    const newline = prediction.indexOf('\n', start);
    const end = newline === -1 ? prediction.length : newline;
    if (!isBlank(prediction.slice(start, end)) && --remaining === 0) return prediction.slice(0, end);
    start = end + 1;
  }
  return prediction;
}
