/** The index's words: maximal runs of [A-Za-z0-9_] and of characters beyond ASCII, case kept. */
const WORD = /[A-Za-z0-9_\u0080-\uffff]+/g;

/** All words of a text, in order, repeated ones too. */
export function wordsOf(text: string): string[] {
  return text.match(WORD) ?? [];
}

/**
 * Whether a word can be a name of the program: not a number, not a single letter, not a keyword or everyday
 * built-in of the usual languages. One table for all languages: a keyword of one is seldom a telling name in another.
 */
export function isIdentifier(word: string): boolean {
  return word.length > 1 && !(word.charCodeAt(0) >= 48 && word.charCodeAt(0) <= 57) && !COMMON.has(word);
}

/** The distinct identifiers among words. */
export function identifierSet(words: readonly string[]): Set<string> {
  const set = new Set<string>();
  for (const word of words) if (isIdentifier(word)) set.add(word);
  return set;
}

const COMMON = new Set(
  `abstract and any arguments array as assert async await bool boolean break byte case catch chan char class cls const
   constructor continue declare def default defer del delete do double elif else end enum except export extends extern
   extract false finally float fn for foreach from func function get global go goto guard if impl implements import in
   include infer inline instanceof int integer interface internal is isinstance keyof lambda len let list long loop map
   match mod module mut namespace native never new nil nonlocal none None not null nullptr number object of operator or
   override package pass print priv private protected protocol pub public raise range readonly ref register repeat
   require rescue return satisfies sealed select self Self set short signed sizeof static str string String struct
   super switch symbol synchronized template then this throw throws trait true True False try tuple type typedef typeof
   undefined union unknown unless unsafe unsigned until use using val var virtual void volatile when where while with
   yield Array Boolean Error Exception Infinity JSON Map Math NaN Number Object Promise RegExp Set Symbol Date console
   dict int8 int16 int32 int64 uint8 uint16 uint32 uint64 u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 usize isize size_t
   Vec Option Some Result Ok Err ValueError TypeError KeyError RuntimeError NotImplementedError __init__ __name__
   __main__ args kwargs property staticmethod classmethod Optional Any Union List Dict Tuple Callable Iterable super
   abs all bytes callable enumerate filter format getattr hasattr id input iter max min next open repr reversed round
   setattr sorted sum zip length push pop slice join split keys values items append prototype window document`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
