/** The tokens of a text, whatever its language, and what is needed to write text again. */
export interface LexedCode {
  /** Words, numbers, operators, single characters; and line ends, see {@link NEWLINE}. Never a space. */
  readonly tokens: readonly string[];
  /** Spaces before each token on its line: 0, 1, or 2 for more. */
  readonly spaces: readonly number[];
  /** Indentations that are open at the end, outermost (the empty one) first. */
  readonly indents: readonly string[];
}

/**
 * A line end with the change of indentation that follows: `\n=` none, `\n>` one level in, `\n<2` two levels out. Relative,
 * so that an idiom is the same at every depth. Blank lines are left out.
 */
export const NEWLINE = '\n';

const OPERATORS = [
  ...['>>>=', '===', '!==', '**=', '//=', '<<=', '>>=', '>>>', '...', '&&=', '||=', '??='],
  ...[
    '=>',
    '->',
    '::',
    ':=',
    '==',
    '!=',
    '<=',
    '>=',
    '&&',
    '||',
    '??',
    '?.',
    '**',
    '//',
    '<<',
    '>>',
    '++',
    '--',
  ],
  ...['+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '/*', '*/'],
];
const escaped = OPERATORS.map((operator) => operator.replace(/[?.*+/^|]/g, '\\$&')).join('|');
const TOKEN = new RegExp(
  `\\n|[^\\S\\n]+|[\\p{L}_$][\\p{L}\\p{M}\\p{N}_$]*|\\p{N}[\\p{L}\\p{N}_]*|${escaped}|[^]`,
  'gu',
);

/** Whether a token is a word or a number, so that two of them need a space between. */
export function isWord(token: string): boolean {
  return /^[\p{L}\p{N}_$]/u.test(token);
}

/**
 * Splits code into tokens. Knows no strings or comments: their words are tokens too, which lets a cursor be anywhere.
 *
 * @param open the text goes on: what stands after its last line end is indentation already, and is told
 */
export function lexCode(text: string, { open = false } = {}): LexedCode {
  const tokens: string[] = [];
  const spaces: number[] = [];
  const indents = [''];
  let pendingNewline = false;
  let space = '';
  const push = (token: string, before: number): void => {
    tokens.push(token);
    spaces.push(before);
  };
  const startLine = (indentation: string): void => {
    push(`${NEWLINE}${enterIndentation(indents, indentation)}`, 0);
    pendingNewline = false;
  };
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '\n') {
      // Before the first token there is no line to end.
      pendingNewline = tokens.length > 0;
      space = '';
    } else if (/^\s/u.test(token)) {
      space += token.replaceAll('\r', '');
    } else {
      const first = tokens.length === 0;
      if (pendingNewline) {
        startLine(space);
        space = '';
      } else if (first) {
        enterIndentation(indents, space);
      }
      push(token, first ? 0 : Math.min(2, space.length));
      space = '';
    }
  }
  if (open && pendingNewline) startLine(space);
  return { tokens, spaces, indents };
}

/** Notes the indentation of a new line; returns how it differs: `=`, `>`, or `<` with the number of levels closed. */
function enterIndentation(indents: string[], indentation: string): string {
  let closed = 0;
  while (indents.length > 1 && (indents.at(-1) as string).length > indentation.length) {
    indents.pop();
    closed++;
  }
  const deeper = indentation.length > (indents.at(-1) as string).length;
  if (deeper) indents.push(indentation);
  if (closed > 0) return `<${closed}`;
  return deeper ? '>' : '=';
}
