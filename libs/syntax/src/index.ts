export type { DefinitionKind } from './language-table.js';
export {
  MAX_TEXT_CHARS,
  openSyntax,
  PARSE_TIMEOUT_MS,
  type ParseOptions,
  type Syntax,
} from './open-syntax.js';
export type { GeneratedBody, ParseablePrefix } from './parseable-prefix.js';
export type {
  CallNode,
  DefinitionNode,
  FunctionNode,
  SyntaxFindings,
  SyntaxTree,
  TextRange,
} from './syntax-tree.js';
