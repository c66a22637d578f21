/**
 * The words of a language that name nothing. Those of Python, JavaScript, TypeScript, Java and C# are the lists that
 * CrossCodeEval's released code filters by, for figures that can be compared: words that newer editions of a language
 * gave a meaning (`async`, `await`, `string`), and true and false, count as identifiers there.
 */
const PYTHON = `and as assert async await break class continue def del elif else except finally for from global if
  import in is lambda None nonlocal not or pass raise return try while with yield`;

const JAVASCRIPT = `break case catch class const continue debugger default delete do else enum export extends finally
  for function if implements import in instanceof interface let new package private protected public return static
  super switch this throw try typeof var void while with yield`;

const JAVA = `abstract assert boolean break byte case catch char class const continue default do double else enum
  extends final finally float for goto if implements import instanceof int interface long native new package private
  protected public return short static strictfp super switch synchronized this throw throws transient try var void
  volatile while`;

const CSHARP = `abstract as base bool break byte case catch char checked class const continue decimal default delegate
  do double else enum event explicit extern finally fixed float for foreach goto if implicit in int interface
  internal is lock long namespace new null object operator out override params private protected public readonly ref
  return sbyte sealed short sizeof stackalloc static string struct switch this throw try typeof uint ulong unchecked
  unsafe ushort using virtual void volatile while`;

const GO = `break case chan const continue default defer else fallthrough for func go goto if import interface map
  package range return select struct switch type var`;

const RUST = `as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move
  mut pub ref return self Self static struct super trait type unsafe use where while`;

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const javascript = words(JAVASCRIPT);

const KEYWORDS = new Map<string, ReadonlySet<string>>([
  ['python', words(PYTHON)],
  ['javascript', javascript],
  ['javascriptreact', javascript],
  ['typescript', javascript],
  ['typescriptreact', javascript],
  ['java', words(JAVA)],
  ['csharp', words(CSHARP)],
  ['go', words(GO)],
  ['rust', words(RUST)],
]);

const NONE: ReadonlySet<string> = new Set();

/** The keywords of a language, named as editors do; none for a language that is not known. */
export function keywordsOf(language: string): ReadonlySet<string> {
  return KEYWORDS.get(language) ?? NONE;
}
