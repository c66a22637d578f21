import type { DefinitionKind } from './language-table.js';

/** A part of the text: UTF-16 code units, end exclusive. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** A function that has a body. */
export interface FunctionNode extends TextRange {
  /** Empty where it has none. */
  readonly name: string;
  /** 0-based, end exclusive. */
  readonly startLine: number;
  readonly endLine: number;
  /**
   * From the first to the last character of what it does: without signature, docstring, braces and the white space
   * around. Empty where it does nothing.
   */
  readonly body: TextRange;
}

export interface CallNode extends TextRange {
  /** The last name of what is called: `c` in `a.b.c(1)`. Empty where it has none, as in `f()()`. */
  readonly callee: string;
  /** Whether something stands before that name: `a.c(1)` rather than `c(1)`. */
  readonly qualified: boolean;
  /** With the parentheses; empty where the call has none. */
  readonly arguments: TextRange;
}

export interface DefinitionNode extends TextRange {
  readonly name: string;
  readonly kind: DefinitionKind;
}

/** What was found in one file, in the order of the text. Plain data: nothing has to be closed. */
export interface SyntaxFindings {
  readonly functions: readonly FunctionNode[];
  readonly calls: readonly CallNode[];
  readonly definitions: readonly DefinitionNode[];
  readonly comments: readonly TextRange[];
  readonly strings: readonly TextRange[];
  readonly imports: readonly TextRange[];
  readonly errors: readonly TextRange[];
}

/**
 * The syntax of one text. Offsets are UTF-16 code units of that text. Lists are in the order of the text;
 * comments, strings and imports do not overlap among themselves, and what is inside them is not told.
 */
export class SyntaxTree {
  constructor(private readonly findings: SyntaxFindings) {}

  /** Named and nameless functions with a body, inner ones after the outer one. */
  functions(): readonly FunctionNode[] {
    return this.findings.functions;
  }

  calls(): readonly CallNode[] {
    return this.findings.calls;
  }

  /** Named functions and methods, classes, types. */
  definitions(): readonly DefinitionNode[] {
    return this.findings.definitions;
  }

  comments(): readonly TextRange[] {
    return this.findings.comments;
  }

  strings(): readonly TextRange[] {
    return this.findings.strings;
  }

  imports(): readonly TextRange[] {
    return this.findings.imports;
  }

  /** Where the text is not of the language; a place where something is missing is an empty range. */
  errors(): readonly TextRange[] {
    return this.findings.errors;
  }

  /** Whether there is an error in the range, its ends included; without one, anywhere. */
  hasError(range?: TextRange): boolean {
    if (!range) return this.findings.errors.length > 0;
    return this.findings.errors.some(({ start, end }) => start <= range.end && end >= range.start);
  }
}
