import type { Node, Tree } from '@vscode/tree-sitter-wasm';
import type { Deadline } from './deadline.js';
import { bodyRange, findErrors } from './find-syntax.js';
import { ROLE, type Grammar } from './grammar.js';

/** A generated function body in its place. */
export interface GeneratedBody {
  /** The file up to where the body begins: after the indentation of its first line. */
  readonly before: string;
  /** What a model wrote there; may go on beyond the function, or end in the middle of a statement. */
  readonly generated: string;
  /** The file after the true body. */
  readonly after: string;
  /** As editors name it. */
  readonly language: string;
}

export interface ParseablePrefix {
  /** The beginning of what was generated that is the function's body, without white space at its end. */
  readonly text: string;
  /** Lines of `generated` that were put in place. */
  readonly lines: number;
  /** False when no number of lines parses; `text` then ends before the first line that is indented less. */
  readonly parseable: boolean;
}

export type ParseWith = <T>(text: string, use: (tree: Tree) => T) => T;

/**
 * The function metric's cut (RepoEval; Repoformer, section 5): takes the most lines which, put in place of the hole,
 * leave no syntax error in the function around it, and of these what is the function's body. Lines that close the
 * function and begin another one are therefore cut off, and so is a last line that is not whole.
 */
export function longestParseablePrefix(
  { before, generated, after }: GeneratedBody,
  grammar: Grammar,
  deadline: Deadline,
  parse: ParseWith,
): ParseablePrefix {
  const lines = generated.split(/(?<=\n)/);
  for (let count = lines.length; count > 0; count--) {
    deadline.check();
    const candidate = lines.slice(0, count).join('').trimEnd();
    if (candidate === '') continue;
    const text = before + candidate + after;
    const end = parse(text, (tree) => bodyEnd(tree, text, before.length, grammar, deadline));
    if (end === undefined || end <= before.length || end > before.length + candidate.length) continue;
    return { text: text.slice(before.length, end), lines: count, parseable: true };
  }
  return { text: untilDedent(lines, before), lines: 0, parseable: false };
}

/** Where the body of the innermost function around the hole ends; undefined when there is an error in it. */
function bodyEnd(
  tree: Tree,
  text: string,
  hole: number,
  grammar: Grammar,
  deadline: Deadline,
): number | undefined {
  const found = functionAround(tree.rootNode, hole, grammar);
  if (!found) return undefined;
  const { node, body } = found;
  const errors = findErrors(tree, text, grammar, deadline);
  if (errors.some(({ start, end }) => start <= node.endIndex && end >= node.startIndex)) return undefined;
  return bodyRange(node, body, text, grammar).end;
}

/** Goes down the tree along the hole, keeping the last function whose body holds it. */
function functionAround(root: Node, hole: number, grammar: Grammar): { node: Node; body: Node } | undefined {
  const cursor = root.walk();
  let found: { node: Node; body: Node } | undefined;
  try {
    for (;;) {
      if ((grammar.roles[cursor.nodeTypeId] ?? 0) & ROLE.function) {
        const node = cursor.currentNode;
        const body = node.childForFieldName('body');
        if (body && body.endIndex > hole) found = { node, body };
      }
      // The runtime's own search for a child by offset never finds one in this version.
      if (!cursor.gotoFirstChild()) return found;
      while (cursor.endIndex <= hole) if (!cursor.gotoNextSibling()) return found;
      if (cursor.startIndex >= hole) return found;
    }
  } finally {
    cursor.delete();
  }
}

/** What a reader would take for the body where no parser helps: all up to the first line that is indented less. */
function untilDedent(lines: readonly string[], before: string): string {
  const indentation = /[ \t]*$/.exec(before)?.[0].length ?? 0;
  const end = lines.findIndex(
    (line, index) => index > 0 && line.trim() !== '' && (/^[ \t]*/.exec(line)?.[0].length ?? 0) < indentation,
  );
  return (end < 0 ? lines : lines.slice(0, end)).join('').trimEnd();
}
