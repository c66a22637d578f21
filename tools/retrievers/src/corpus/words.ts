/** Words as the index sees them (maximal runs of [A-Za-z0-9_] and characters beyond ASCII), or one other character. */
const TOKEN = /[\w\u0080-\uffff]+|[^\s\w]/g;
const WORD = /[\w\u0080-\uffff]+/g;
const WORD_START = /^[\w\u0080-\uffff]/;
/** Between `snake_case`, `camelCase` and `HTTPServer`'s parts. */
const SEAM = /_|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/;

/** A name of three letters or more; shorter ones stand everywhere. */
const IDENTIFIER = /^[A-Za-z_]\w{2,}$/;

/** Shorter parts of names tell nothing. */
const LEAST_PART = 3;

/** Keywords and everyday built-ins of the usual languages: never a name that a completion has to be shown. */
const COMMON = new Set(
  `abstract and any as async await bool boolean break byte case catch chan char class const continue def default defer
   del delete dict do double elif else enum except export extends extern false False final finally float fn for foreach
   from func function get global goto if impl implements import in instanceof int interface internal is isinstance
   lambda len let list long match mod mut namespace new nil None nonlocal not null nullptr number object of operator or
   override package pass print private protected pub public raise range readonly ref return select self Self set short
   signed sizeof static str string struct super switch template the this throw throws trait true True try tuple type
   typedef typeof uint undefined union unless unsafe unsigned until use using val var virtual void volatile when where
   while with yield`.split(/\s+/),
);

/** Words and other characters of a line, in order. */
export function tokensOf(line: string): readonly string[] {
  return line.match(TOKEN) ?? [];
}

export function wordsOf(text: string): readonly string[] {
  return text.match(WORD) ?? [];
}

/** Whether a token is a word, not another character. */
export function isWord(token: string): boolean {
  return WORD_START.test(token);
}

/** Whether a word can be a name of the program that is worth looking for. */
export function isIdentifier(word: string): boolean {
  return IDENTIFIER.test(word) && !COMMON.has(word);
}

/** Whether a word is a keyword or an everyday built-in of some language. */
export function isKeyword(word: string): boolean {
  return COMMON.has(word);
}

/** The distinct parts of a name by its capitals and underscores, in lower case. */
export function subWordsOf(word: string): readonly string[] {
  const parts = word.split(SEAM).filter((part) => part.length >= LEAST_PART);
  return [...new Set(parts.map((part) => part.toLowerCase()))];
}

/** The word under construction at the end of a text; empty when there is none. */
export function partialWord(prefix: string): string {
  return /[\w\u0080-\uffff]*$/.exec(prefix.slice(-200))?.[0] ?? '';
}
