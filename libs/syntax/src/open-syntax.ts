import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AppError } from '@repoformer/domain';
import treeSitter, { type Parser, type Tree } from '@vscode/tree-sitter-wasm';
import { deadlineIn, deadlinePassed, type Deadline } from './deadline.js';
import { findSyntax } from './find-syntax.js';
import { createGrammar, type Grammar } from './grammar.js';
import { languageRow, LANGUAGE_TABLE, type LanguageRow } from './language-table.js';
import { longestParseablePrefix, type GeneratedBody, type ParseablePrefix } from './parseable-prefix.js';
import { SyntaxTree } from './syntax-tree.js';

/** Longest text that is parsed, in UTF-16 code units: more than any file that people write. */
export const MAX_TEXT_CHARS = 2_000_000;
/** Time for one text, in milliseconds. */
export const PARSE_TIMEOUT_MS = 5_000;

export interface ParseOptions {
  /** Time for this text; default {@link PARSE_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/** Parses source text. Grammars are loaded at first use and kept; trees do not outlive a call. */
export interface Syntax {
  /** Ids of the languages that are known. */
  readonly languages: readonly string[];
  /**
   * What the text holds; undefined for a language without a grammar. Text with errors has a tree too.
   *
   * @throws AppError resource_exhausted for a text longer than {@link MAX_TEXT_CHARS}; deadline_exceeded
   */
  parse(text: string, language: string, options?: ParseOptions): Promise<SyntaxTree | undefined>;
  /**
   * Cuts a generated function body to what belongs to the function; undefined for a language without a grammar.
   *
   * @throws AppError as {@link parse}
   */
  longestParseablePrefix(body: GeneratedBody, options?: ParseOptions): Promise<ParseablePrefix | undefined>;
}

const wasmFolder = join(
  dirname(createRequire(import.meta.url).resolve('@vscode/tree-sitter-wasm/package.json')),
  'wasm',
);

/** Started once a process: the runtime is one WebAssembly module. */
let runtime: Promise<void> | undefined;

/** @throws AppError internal when the WebAssembly runtime cannot start. */
export async function openSyntax(): Promise<Syntax> {
  runtime ??= treeSitter.Parser.init({ locateFile: (file: string) => join(wasmFolder, file) });
  await runtime.catch((cause: unknown) => {
    runtime = undefined;
    throw syntaxFailure('the parser runtime could not be started', cause);
  });
  return new TreeSitterSyntax();
}

class TreeSitterSyntax implements Syntax {
  readonly languages = LANGUAGE_TABLE.flatMap(({ ids }) => ids);
  private readonly grammars = new Map<string, Promise<Grammar>>();

  async parse(text: string, language: string, options: ParseOptions = {}): Promise<SyntaxTree | undefined> {
    const grammar = await this.grammar(language);
    if (!grammar) return undefined;
    checkSize(text.length);
    return withDeadline(
      options,
      (deadline, parse) =>
        new SyntaxTree(parse(grammar, text, (tree) => findSyntax(tree, text, grammar, deadline))),
    );
  }

  async longestParseablePrefix(
    body: GeneratedBody,
    options: ParseOptions = {},
  ): Promise<ParseablePrefix | undefined> {
    const grammar = await this.grammar(body.language);
    if (!grammar) return undefined;
    checkSize(body.before.length + body.generated.length + body.after.length);
    return withDeadline(options, (deadline, parse) =>
      longestParseablePrefix(body, grammar, deadline, (text, use) => parse(grammar, text, use)),
    );
  }

  private async grammar(language: string): Promise<Grammar | undefined> {
    const row = languageRow(language);
    if (!row) return undefined;
    let grammar = this.grammars.get(row.grammar);
    if (!grammar) {
      grammar = loadGrammar(row);
      this.grammars.set(row.grammar, grammar);
      grammar.catch(() => this.grammars.delete(row.grammar));
    }
    return grammar;
  }
}

async function loadGrammar(row: LanguageRow): Promise<Grammar> {
  try {
    const bytes = await readFile(join(wasmFolder, `tree-sitter-${row.grammar}.wasm`));
    return createGrammar(row, await treeSitter.Language.load(bytes));
  } catch (cause) {
    throw syntaxFailure(`the grammar of ${row.ids.join(', ')} could not be loaded`, cause);
  }
}

type ParseText = <T>(grammar: Grammar, text: string, use: (tree: Tree) => T) => T;

/**
 * Runs work that parses, with one deadline for all of it. Trees and parser live in the memory of the WebAssembly
 * module, which no garbage collector sees: they are freed here, whatever happens.
 */
function withDeadline<T>(
  { timeoutMs = PARSE_TIMEOUT_MS }: ParseOptions,
  work: (deadline: Deadline, parse: ParseText) => T,
): T {
  const deadline = deadlineIn(timeoutMs);
  let parser: Parser | undefined;
  try {
    const own = (parser = new treeSitter.Parser());
    return work(deadline, (grammar, text, use) => {
      own.setLanguage(grammar.language);
      // The typings lack what the runtime does: true stops the parser, which then returns null.
      const tree = own.parse(text, null, { progressCallback: () => deadline.passed });
      if (!tree) throw deadlinePassed(timeoutMs);
      try {
        return use(tree);
      } finally {
        tree.delete();
      }
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw syntaxFailure('the text could not be parsed', error);
  } finally {
    parser?.delete();
  }
}

function checkSize(chars: number): void {
  if (chars <= MAX_TEXT_CHARS) return;
  throw new AppError({
    kind: 'resource_exhausted',
    reason: 'INVALID_REQUEST',
    message: `a text of ${chars} characters is not parsed, at most ${MAX_TEXT_CHARS} are: leave the file out`,
    meta: { chars: String(chars) },
  });
}

function syntaxFailure(message: string, cause: unknown): AppError {
  return new AppError({ kind: 'internal', reason: 'INTERNAL', message, cause });
}
