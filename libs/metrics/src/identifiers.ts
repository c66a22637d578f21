import { lineCommentOf } from '@repoformer/domain';
import { keywordsOf } from './keywords.js';

const DOUBLE = String.raw`"(?:[^"\\\n]|\\[^])*"?`;
const SINGLE = String.raw`'(?:[^'\\\n]|\\[^])*'?`;
const BACKTICK = '`(?:[^`\\\\]|\\\\[^])*`?';
const RAW_BACKTICK = '`[^`]*`?';
const TRIPLE = String.raw`"""(?:[^"\\]|\\[^]|"(?!""))*(?:"""|$)|'''(?:[^'\\]|\\[^]|'(?!''))*(?:'''|$)`;
const JAVA_BLOCK = String.raw`"""(?:[^"\\]|\\[^]|"(?!""))*(?:"""|$)`;
// A lone ' begins a lifetime in Rust; only a whole character literal is a string.
const RUST_CHARACTER = String.raw`'(?:[^'\\\n]|\\(?:u\{[0-9a-fA-F_]*\}|x[0-9a-fA-F]{2}|[^]))'`;
const RUST_STRING = String.raw`r(#*)"[^]*?(?:"\1|$)|"(?:[^"\\]|\\[^])*"?`;
const CSHARP_VERBATIM = String.raw`(?:@\$|\$@|@)"(?:[^"]|"")*"?`;
const BLOCK_COMMENT = String.raw`\/\*[^]*?(?:\*\/|$)`;
const SLASHES = String.raw`\/\/[^\n]*`;

const python = [TRIPLE, DOUBLE, SINGLE, '#[^\\n]*'];
const javascript = [BLOCK_COMMENT, SLASHES, DOUBLE, SINGLE, BACKTICK];

/** Strings and comments of each language, most specific first. */
const NO_CODE = new Map<string, RegExp>(
  Object.entries({
    python,
    javascript,
    javascriptreact: javascript,
    typescript: javascript,
    typescriptreact: javascript,
    java: [BLOCK_COMMENT, SLASHES, JAVA_BLOCK, DOUBLE, SINGLE],
    csharp: [BLOCK_COMMENT, SLASHES, CSHARP_VERBATIM, DOUBLE, SINGLE],
    go: [BLOCK_COMMENT, SLASHES, DOUBLE, SINGLE, RAW_BACKTICK],
    rust: [BLOCK_COMMENT, SLASHES, RUST_STRING, RUST_CHARACTER],
  }).map(([language, patterns]) => [language, new RegExp(patterns.join('|'), 'g')]),
);

/** Words that begin with an ASCII letter or an underscore, as CrossCodeEval's `\w+` and `[_a-zA-Z]…` together say. */
const WORD = /[\p{L}\p{N}_]+/gu;

/**
 * The identifiers of a piece of code in their order: its words without strings, comments and the keywords of the
 * language.
 *
 * Source: CrossCodeEval (Ding et al., NeurIPS 2023, section 3.2), `extract_identifiers` of its released code. That code
 * cuts comments first, of all languages alike and inside strings too; here both are found in one pass,
 * by the language's own rules. What is interpolated into a string is part of the string, as there.
 *
 * @param language as editors name it; of one that is not known, only quoted strings and its line comments are cut
 */
export function identifiersOf(code: string, language: string): string[] {
  const keywords = keywordsOf(language);
  const words = code.replace(NO_CODE.get(language) ?? anyLanguage(language), ' ').match(WORD) ?? [];
  return words.filter((word) => /^[A-Za-z_]/.test(word) && !keywords.has(word));
}

function anyLanguage(language: string): RegExp {
  const comment = lineCommentOf(language).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp([`${comment}[^\\n]*`, DOUBLE, SINGLE].join('|'), 'g');
}

/**
 * F1 of the identifiers, 0 to 100: 2·tp / (2·tp + fp + fn) over the *sets* of distinct {@link identifiersOf} both.
 * When neither has any, there was nothing to find and nothing wrong was said: 100. (The released code says 0; its
 * data have no such truth.)
 *
 * Source: CrossCodeEval (Ding et al., NeurIPS 2023, section 3.2), `compute_id_match` of its released code.
 */
export function identifierF1(prediction: string, truth: string, language: string): number {
  const predicted = new Set(identifiersOf(prediction, language));
  const wanted = new Set(identifiersOf(truth, language));
  if (predicted.size + wanted.size === 0) return 100;
  const found = [...predicted].filter((identifier) => wanted.has(identifier)).length;
  // 2·tp + fp + fn is the sum of the sizes of both sets.
  return (100 * 2 * found) / (predicted.size + wanted.size);
}

/** Whether both have the same identifiers in the same order ("identifier exact match" of the same source). */
export function identifierMatch(prediction: string, truth: string, language: string): boolean {
  const predicted = identifiersOf(prediction, language);
  const wanted = identifiersOf(truth, language);
  return predicted.length === wanted.length && predicted.every((one, index) => one === wanted[index]);
}
