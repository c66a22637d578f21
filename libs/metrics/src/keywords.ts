/**
 * The words of a language that name nothing. As in CrossCodeEval, the truth values are not among them, and
 * `None` is; contextual words that are mostly names in practice (`type` in Python, `record` in Java) are not.
 */
const PYTHON = `and as assert async await break class continue def del elif else except finally for from global if
  import in is lambda None nonlocal not or pass raise return try while with yield`;

const JAVASCRIPT = `async await break case catch class const continue debugger default delete do else export extends
  finally for function if import in instanceof let new null of return static super switch this throw try typeof var
  void while with yield`;

const TYPESCRIPT = `${JAVASCRIPT} abstract any as asserts bigint boolean declare enum implements infer interface is keyof
  namespace never number object override private protected public readonly satisfies string symbol type undefined
  unique unknown`;

const JAVA = `abstract assert boolean break byte case catch char class const continue default do double else enum
  extends final finally float for goto if implements import instanceof int interface long native new null package
  private protected public return short static strictfp super switch synchronized this throw throws transient try
  var void volatile while`;

const CSHARP = `abstract as async await base bool break byte case catch char checked class const continue decimal
  default delegate do double dynamic else enum event explicit extern finally fixed float for foreach get goto if
  implicit in int interface internal is lock long namespace new null object operator out override params private
  protected public readonly ref return sbyte sealed set short sizeof stackalloc static string struct switch this
  throw try typeof uint ulong unchecked unsafe ushort using var virtual void volatile where while yield`;

const GO = `break case chan const continue default defer else fallthrough for func go goto if import interface map nil
  package range return select struct switch type var`;

const RUST = `as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move
  mut pub ref return self Self static struct super trait type unsafe use where while`;

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const javascript = words(JAVASCRIPT);
const typescript = words(TYPESCRIPT);

const KEYWORDS = new Map<string, ReadonlySet<string>>([
  ['python', words(PYTHON)],
  ['javascript', javascript],
  ['javascriptreact', javascript],
  ['typescript', typescript],
  ['typescriptreact', typescript],
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
