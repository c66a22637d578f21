import type { Language } from '@vscode/tree-sitter-wasm';
import type { DefinitionKind, LanguageRow } from './language-table.js';

/** What a node is to us: bits, for a type can be several things. */
export const ROLE = {
  function: 1,
  call: 2,
  definition: 4,
  binder: 8,
  comment: 16,
  string: 32,
  import: 64,
  class: 128,
} as const;

/** A loaded grammar with its row turned into tables by node type id, so that a walk compares no names. */
export interface Grammar {
  readonly row: LanguageRow;
  readonly language: Language;
  readonly roles: Uint8Array;
  /** Types of nodes that group statements by indentation. */
  readonly blocks: ReadonlySet<number>;
  calleeField(type: string): string | undefined;
  definitionKind(type: string): DefinitionKind | undefined;
}

/** @throws Error naming the types of the row that the grammar lacks: the table and the grammar do not fit. */
export function createGrammar(row: LanguageRow, language: Language): Grammar {
  const roles = new Uint8Array(language.nodeTypeCount);
  const idsOf = (type: string) => {
    const ids: number[] = [];
    // Several symbols may share a name, where the grammar has aliases.
    language.types.forEach((name, id) => {
      if (name === type && language.nodeTypeIsNamed(id)) ids.push(id);
    });
    return ids;
  };
  const missing: string[] = [];
  const mark = (types: readonly string[], role: number) => {
    for (const type of types) {
      const ids = idsOf(type);
      if (ids.length === 0) missing.push(type);
      for (const id of ids) roles[id]! |= role;
    }
  };
  mark(row.functions, ROLE.function);
  mark(Object.keys(row.calls), ROLE.call);
  mark(Object.keys(row.definitions), ROLE.definition);
  mark(Object.keys(row.binders), ROLE.binder);
  mark(row.classes, ROLE.class);
  mark(row.comments, ROLE.comment);
  mark(row.strings, ROLE.string);
  mark(row.imports, ROLE.import);
  if (missing.length > 0) throw new Error(`the grammar ${row.grammar} has no ${missing.join(', ')}`);
  return {
    row,
    language,
    roles,
    blocks: new Set(row.indented ? idsOf('block') : []),
    calleeField: (type) => row.calls[type],
    definitionKind: (type) => row.definitions[type],
  };
}
