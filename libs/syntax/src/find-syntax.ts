import type { Node, Tree, TreeCursor } from '@vscode/tree-sitter-wasm';
import type { Deadline } from './deadline.js';
import { ROLE, type Grammar } from './grammar.js';
import type { DefinitionKind } from './language-table.js';
import type { CallNode, DefinitionNode, FunctionNode, SyntaxFindings, TextRange } from './syntax-tree.js';

const ERROR_TYPE = 65_535;
/** Steps between two looks at the clock. */
const STEPS = 1024;
/** Names are that deep at most inside declarators and generics; deeper is not worth the time. */
const NAME_DEPTH = 16;
/** Where the last name of a callee or declarator stands. */
const NAME_FIELDS = ['property', 'attribute', 'field', 'name', 'declarator', 'function', 'constructor'];
const GENERIC = new Set(['generic_type', 'generic_name', 'await_expression', 'member_binding_expression']);

/**
 * Collects what a tree holds, in one walk by cursor: text nested a million deep neither overflows a stack nor takes
 * more than its share of time.
 */
export function findSyntax(tree: Tree, text: string, grammar: Grammar, deadline: Deadline): SyntaxFindings {
  const cursor = tree.walk();
  try {
    return new Finder(text, grammar).find(cursor, deadline);
  } finally {
    cursor.delete();
  }
}

/** Errors, missing tokens, and blocks without a statement where the language demands one. */
export function findErrors(tree: Tree, text: string, grammar: Grammar, deadline: Deadline): TextRange[] {
  const errors: TextRange[] = [];
  const cursor = tree.walk();
  // Only blocks tell of emptiness, so a tree without an error is walked only where there are blocks.
  if (!tree.rootNode.hasError && grammar.blocks.size === 0) {
    cursor.delete();
    return errors;
  }
  try {
    walk(cursor, deadline, (type) => {
      const isError = type === ERROR_TYPE || cursor.nodeIsMissing;
      const isEmptyBlock =
        grammar.blocks.has(type) && text.slice(cursor.startIndex, cursor.endIndex).trim() === '';
      if (isError || isEmptyBlock) errors.push({ start: cursor.startIndex, end: cursor.endIndex });
      return !isError;
    });
  } finally {
    cursor.delete();
  }
  return errors;
}

/** Visits all nodes in the order of the text; `enter` says whether to go on inside one. */
function walk(cursor: TreeCursor, deadline: Deadline, enter: (typeId: number) => boolean): void {
  let steps = 0;
  for (;;) {
    if (++steps % STEPS === 0) deadline.check();
    if (enter(cursor.nodeTypeId) && cursor.gotoFirstChild()) continue;
    while (!cursor.gotoNextSibling()) {
      if (!cursor.gotoParent()) return;
    }
  }
}

class Finder {
  private readonly functions: FunctionNode[] = [];
  private readonly calls: CallNode[] = [];
  private readonly definitions: DefinitionNode[] = [];
  private readonly comments: TextRange[] = [];
  private readonly strings: TextRange[] = [];
  private readonly imports: TextRange[] = [];
  private readonly errors: TextRange[] = [];
  /** Names that a binder gives to a function which is met later, by the function's node. */
  private readonly bound = new Map<number, string>();
  /** Whether the innermost class or function around is a class, from the outside in. */
  private readonly scopes: { readonly end: number; readonly isClass: boolean }[] = [];

  constructor(
    private readonly text: string,
    private readonly grammar: Grammar,
  ) {}

  find(cursor: TreeCursor, deadline: Deadline): SyntaxFindings {
    const { roles, blocks } = this.grammar;
    walk(cursor, deadline, (type) => {
      if (type === ERROR_TYPE) {
        this.errors.push({ start: cursor.startIndex, end: cursor.endIndex });
        return true;
      }
      const role = roles[type] ?? 0;
      if (role === 0) {
        if (cursor.startIndex === cursor.endIndex && cursor.nodeIsMissing) {
          this.errors.push({ start: cursor.startIndex, end: cursor.endIndex });
        } else if (blocks.has(type) && this.slice(cursor).trim() === '') {
          this.errors.push({ start: cursor.startIndex, end: cursor.endIndex });
        }
        return true;
      }
      return this.take(cursor.currentNode, role);
    });
    const { functions, calls, definitions, comments, strings, imports, errors } = this;
    return { functions, calls, definitions, comments, strings, imports, errors };
  }

  private take(node: Node, role: number): boolean {
    const { startIndex: start, endIndex: end } = node;
    if (role & (ROLE.comment | ROLE.string | ROLE.import)) {
      const list = role & ROLE.comment ? this.comments : role & ROLE.string ? this.strings : this.imports;
      list.push({ start, end });
      return false;
    }
    while (this.scopes.length > 0 && this.scopes.at(-1)!.end <= start) this.scopes.pop();
    if (role & ROLE.binder) this.bind(node);
    if (role & ROLE.call) this.takeCall(node);
    if (role & ROLE.definition) {
      this.define(this.lastName(fieldOf(node, 'name')), this.grammar.definitionKind(node.type), node);
    }
    if (role & ROLE.function) this.takeFunction(node);
    if (role & (ROLE.class | ROLE.function)) this.scopes.push({ end, isClass: (role & ROLE.class) !== 0 });
    return true;
  }

  private takeFunction(node: Node): void {
    const body = fieldOf(node, 'body');
    const own = fieldOf(node, 'name') ?? fieldOf(node, 'declarator');
    const name = this.lastName(own) || this.bound.get(node.id) || '';
    this.bound.delete(node.id);
    const isMethod = this.scopes.at(-1)?.isClass || this.grammar.row.methods?.includes(node.type);
    this.define(name, isMethod ? 'method' : 'function', node);
    if (!body) return;
    this.functions.push({
      name,
      start: node.startIndex,
      end: node.endIndex,
      startLine: node.startPosition.row,
      endLine: node.endPosition.row + 1,
      body: bodyRange(node, body, this.text, this.grammar),
    });
  }

  private takeCall(node: Node): void {
    const field = this.grammar.calleeField(node.type) ?? '';
    const callee = field === '' ? node.firstNamedChild : fieldOf(node, field);
    const given = fieldOf(node, 'arguments') ?? node.lastNamedChild;
    // Where the parentheses are no node of their own, they begin behind what is called.
    const behind = callee && this.text[callee.endIndex] === '(' ? callee.endIndex : node.endIndex;
    const after = { start: behind, end: node.endIndex };
    const isList =
      given !== null && given.id !== callee?.id && '(['.includes(this.text[given.startIndex] ?? ' ');
    const list = isList ? { start: given.startIndex, end: given.endIndex } : after;
    const name = this.lastName(callee);
    const receiver = fieldOf(node, 'object') ?? fieldOf(node, 'receiver') ?? fieldOf(node, 'scope');
    const qualified = receiver !== null || (callee?.namedChildCount ?? 0) > 0;
    this.calls.push({ callee: name, qualified, start: node.startIndex, end: node.endIndex, arguments: list });
  }

  private bind(node: Node): void {
    const fields = this.grammar.row.binders[node.type];
    const value = fields && fieldOf(node, fields[1]);
    if (!value || !((this.grammar.roles[value.typeId] ?? 0) & ROLE.function)) return;
    this.bound.set(value.id, this.lastName(fieldOf(node, fields[0])));
  }

  private define(name: string, kind: DefinitionKind | undefined, { startIndex, endIndex }: Node): void {
    if (name !== '' && kind) this.definitions.push({ name, kind, start: startIndex, end: endIndex });
  }

  /** The identifier at the end of a dotted, qualified, generic or declared name; empty when there is none. */
  private lastName(node: Node | null): string {
    let at = node;
    for (let depth = 0; at && depth < NAME_DEPTH; depth++) {
      // What a call returns has no name.
      if ((this.grammar.roles[at.typeId] ?? 0) & ROLE.call) return '';
      if (at.namedChildCount === 0) {
        const name = this.text.slice(at.startIndex, at.endIndex);
        return /^[\p{L}\p{N}_$#@?!]+$/u.test(name) ? name : '';
      }
      at = innerName(at);
    }
    return '';
  }

  private slice({ startIndex, endIndex }: TreeCursor): string {
    return this.text.slice(startIndex, endIndex);
  }
}

function innerName(node: Node): Node | null {
  for (const field of NAME_FIELDS) {
    const child = fieldOf(node, field);
    if (child) return child;
  }
  if (node.type === 'conditional_access_expression') return node.lastNamedChild;
  if (node.type === 'variable_name') return node.firstNamedChild;
  if (node.type === 'qualified_name' || node.type === 'scoped_type_identifier') return node.lastNamedChild;
  return GENERIC.has(node.type) ? node.firstNamedChild : null;
}

function fieldOf(node: Node, field: string): Node | null {
  return node.childForFieldName(field);
}

/** What a function does, without what delimits it. */
export function bodyRange(node: Node, body: Node, text: string, { row }: Grammar): TextRange {
  let start = body.startIndex;
  let end = Math.min(body.endIndex, node.endIndex);
  if (row.indented) {
    start = afterColon(node, body);
  } else if (text[start] === '{') {
    start += 1;
    if (text[end - 1] === '}') end -= 1;
  }
  if (row.docstrings) start = Math.max(start, docstringEnd(body));
  while (start < end && isSpace(text, start)) start += 1;
  while (end > start && isSpace(text, end - 1)) end -= 1;
  return { start, end: Math.max(start, end) };
}

/** Comments before the first statement stand outside the block: the body begins behind the colon. */
function afterColon(node: Node, body: Node): number {
  const { children } = node;
  const at = children.findIndex((child) => child?.id === body.id);
  for (let index = at - 1; index >= 0; index--) {
    const child = children[index];
    if (child?.type === ':') return child.endIndex;
  }
  return body.startIndex;
}

function docstringEnd(body: Node): number {
  const first = body.firstNamedChild;
  if (first?.type === 'string') return first.endIndex;
  const isDocstring =
    first?.type === 'expression_statement' &&
    first.namedChildCount === 1 &&
    first.firstNamedChild?.type === 'string';
  return isDocstring ? first.endIndex : 0;
}

function isSpace(text: string, index: number): boolean {
  return /\s/.test(text[index] ?? '');
}
