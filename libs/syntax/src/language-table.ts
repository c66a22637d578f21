/** What a definition makes, coarsely. */
export type DefinitionKind = 'function' | 'method' | 'class' | 'type';

/** How one grammar names what {@link SyntaxTree} tells: node types of the grammar, all of them named nodes. */
export interface LanguageRow {
  /** Ids as editors name them. */
  readonly ids: readonly string[];
  /** `tree-sitter-<grammar>.wasm`. */
  readonly grammar: string;
  /** Functions that may hold statements; their name and body stand in the fields `name` and `body`. */
  readonly functions: readonly string[];
  /** Type of a call, to the field that holds what is called; empty: its first child that is named. */
  readonly calls: Readonly<Record<string, string>>;
  /** What makes a name known beyond its block, besides named functions. */
  readonly definitions: Readonly<Record<string, DefinitionKind>>;
  /** Nodes whose body's functions are methods. */
  readonly classes: readonly string[];
  /** Functions that are methods wherever they stand; default none. */
  readonly methods?: readonly string[];
  /** Nodes that give a nameless function its name: type, to the fields of name and value. */
  readonly binders: Readonly<Record<string, readonly [name: string, value: string]>>;
  readonly comments: readonly string[];
  readonly strings: readonly string[];
  readonly imports: readonly string[];
  /** Whether a string that is a body's first statement documents the function. */
  readonly docstrings: boolean;
  /** Whether statements are grouped by indentation, so that an empty block is an error the grammar lets pass. */
  readonly indented: boolean;
}

const C_LIKE = { docstrings: false, indented: false } as const;

const ECMASCRIPT = {
  ...C_LIKE,
  functions: [
    'function_declaration',
    'function_expression',
    'arrow_function',
    'method_definition',
    'generator_function',
    'generator_function_declaration',
  ],
  calls: { call_expression: 'function', new_expression: 'constructor' },
  comments: ['comment', 'html_comment', 'hash_bang_line'],
  strings: ['string', 'template_string', 'regex', 'jsx_text'],
  imports: ['import_statement'],
} as const;

const ECMASCRIPT_BINDERS = {
  variable_declarator: ['name', 'value'],
  assignment_expression: ['left', 'right'],
  pair: ['key', 'value'],
} as const;

const TYPESCRIPT = {
  ...ECMASCRIPT,
  definitions: {
    class_declaration: 'class',
    abstract_class_declaration: 'class',
    interface_declaration: 'type',
    type_alias_declaration: 'type',
    enum_declaration: 'type',
  },
  classes: ['class_declaration', 'class', 'abstract_class_declaration'],
  binders: { ...ECMASCRIPT_BINDERS, public_field_definition: ['name', 'value'] },
} as const;

/** One row a grammar. A language that is in none of them has no syntax trees. */
export const LANGUAGE_TABLE: readonly LanguageRow[] = [
  {
    ids: ['python'],
    grammar: 'python',
    functions: ['function_definition'],
    calls: { call: 'function' },
    definitions: { class_definition: 'class' },
    classes: ['class_definition'],
    binders: {},
    comments: ['comment'],
    strings: ['string'],
    imports: ['import_statement', 'import_from_statement', 'future_import_statement'],
    docstrings: true,
    indented: true,
  },
  {
    ...ECMASCRIPT,
    ids: ['javascript', 'javascriptreact'],
    grammar: 'javascript',
    definitions: { class_declaration: 'class' },
    classes: ['class_declaration', 'class'],
    binders: { ...ECMASCRIPT_BINDERS, field_definition: ['property', 'value'] },
  },
  { ...TYPESCRIPT, ids: ['typescript'], grammar: 'typescript' },
  { ...TYPESCRIPT, ids: ['typescriptreact'], grammar: 'tsx' },
  {
    ...C_LIKE,
    ids: ['go'],
    grammar: 'go',
    functions: ['function_declaration', 'method_declaration', 'method_elem', 'func_literal'],
    // A call with type arguments is a conversion to the grammar: `f[int](1)`.
    calls: { call_expression: 'function', type_conversion_expression: 'type' },
    definitions: { type_spec: 'type', type_alias: 'type' },
    classes: [],
    methods: ['method_declaration', 'method_elem'],
    binders: {},
    comments: ['comment'],
    strings: ['interpreted_string_literal', 'raw_string_literal', 'rune_literal'],
    imports: ['import_declaration', 'package_clause'],
  },
  {
    ...C_LIKE,
    ids: ['rust'],
    grammar: 'rust',
    functions: ['function_item', 'function_signature_item', 'closure_expression'],
    calls: { call_expression: 'function', macro_invocation: 'macro' },
    definitions: {
      struct_item: 'class',
      union_item: 'class',
      enum_item: 'type',
      trait_item: 'type',
      type_item: 'type',
      macro_definition: 'function',
    },
    classes: ['impl_item', 'trait_item'],
    binders: { let_declaration: ['pattern', 'value'] },
    comments: ['line_comment', 'block_comment'],
    strings: ['string_literal', 'raw_string_literal', 'char_literal'],
    imports: ['use_declaration', 'extern_crate_declaration'],
  },
  {
    ...C_LIKE,
    ids: ['java'],
    grammar: 'java',
    functions: [
      'method_declaration',
      'constructor_declaration',
      'compact_constructor_declaration',
      'lambda_expression',
    ],
    calls: {
      method_invocation: 'name',
      object_creation_expression: 'type',
      explicit_constructor_invocation: 'constructor',
    },
    definitions: {
      class_declaration: 'class',
      record_declaration: 'class',
      interface_declaration: 'type',
      enum_declaration: 'type',
      annotation_type_declaration: 'type',
    },
    classes: ['class_declaration', 'record_declaration', 'interface_declaration', 'enum_declaration'],
    binders: { variable_declarator: ['name', 'value'] },
    comments: ['line_comment', 'block_comment'],
    strings: ['string_literal', 'character_literal'],
    imports: ['import_declaration', 'package_declaration'],
  },
  {
    ...C_LIKE,
    ids: ['c', 'cpp'],
    grammar: 'cpp',
    functions: ['function_definition', 'lambda_expression'],
    calls: { call_expression: 'function', new_expression: 'type' },
    definitions: { class_specifier: 'class', struct_specifier: 'class', enum_specifier: 'type' },
    classes: ['class_specifier', 'struct_specifier'],
    binders: { init_declarator: ['declarator', 'value'] },
    comments: ['comment'],
    strings: ['string_literal', 'raw_string_literal', 'char_literal', 'system_lib_string'],
    imports: ['preproc_include', 'using_declaration'],
  },
  {
    ...C_LIKE,
    ids: ['csharp'],
    grammar: 'c-sharp',
    functions: [
      'method_declaration',
      'constructor_declaration',
      'local_function_statement',
      'lambda_expression',
      'operator_declaration',
    ],
    calls: { invocation_expression: 'function', object_creation_expression: 'type' },
    definitions: {
      class_declaration: 'class',
      record_declaration: 'class',
      struct_declaration: 'class',
      interface_declaration: 'type',
      enum_declaration: 'type',
      delegate_declaration: 'type',
    },
    classes: ['class_declaration', 'record_declaration', 'struct_declaration', 'interface_declaration'],
    binders: {},
    comments: ['comment'],
    strings: [
      'string_literal',
      'verbatim_string_literal',
      'raw_string_literal',
      'interpolated_string_expression',
      'character_literal',
    ],
    imports: ['using_directive'],
  },
  {
    ...C_LIKE,
    ids: ['ruby'],
    grammar: 'ruby',
    functions: ['method', 'singleton_method'],
    calls: { call: 'method' },
    definitions: { class: 'class', module: 'class' },
    classes: ['class', 'module'],
    binders: {},
    comments: ['comment'],
    strings: ['string', 'heredoc_body', 'regex', 'string_array', 'symbol_array'],
    imports: [],
  },
  {
    ...C_LIKE,
    ids: ['php'],
    grammar: 'php',
    functions: ['function_definition', 'method_declaration', 'anonymous_function', 'arrow_function'],
    calls: {
      function_call_expression: 'function',
      member_call_expression: 'name',
      nullsafe_member_call_expression: 'name',
      scoped_call_expression: 'name',
      object_creation_expression: '',
    },
    definitions: {
      class_declaration: 'class',
      interface_declaration: 'type',
      trait_declaration: 'class',
      enum_declaration: 'type',
    },
    classes: ['class_declaration', 'interface_declaration', 'trait_declaration', 'enum_declaration'],
    binders: { assignment_expression: ['left', 'right'] },
    comments: ['comment'],
    strings: ['string', 'encapsed_string', 'heredoc', 'nowdoc', 'text'],
    imports: ['namespace_use_declaration', 'namespace_definition'],
  },
];

const byId = new Map(LANGUAGE_TABLE.flatMap((row) => row.ids.map((id) => [id, row] as const)));

/** The row of a language, by the id that editors give it. */
export function languageRow(id: string): LanguageRow | undefined {
  return byId.get(id);
}
