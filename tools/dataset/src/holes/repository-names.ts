import type { CallNode } from '@repoformer/syntax';
import {
  COMMON_METHODS,
  Definitions,
  type CallRule,
  MAX_FILES_OF_A_METHOD,
  MAX_FILES_OF_A_NAME,
} from './calls/call-rule.js';
import { explicitImportCalls } from './calls/explicit-imports.js';
import { goCalls } from './calls/go-calls.js';
import { javaCalls } from './calls/java-calls.js';
import { rustCalls } from './calls/rust-calls.js';
import type { SourceFile } from './source-file.js';

/** Which names the files of a repository define, and which calls are of what another file defines. */
export interface RepositoryNames {
  /**
   * Whether a call is of a function, method or class of another file of the repository, as far as names tell: by
   * what the file imports and, where the language says it, by the types of variables. A method of something
   * unknown counts when few files define one of that name, and the languages' own types do not.
   */
  isDefinedElsewhere(call: CallNode, file: SourceFile): boolean;
}

type CreateRule = (files: readonly SourceFile[], definitions: Definitions) => CallRule;

/** Languages that have a rule of their own; the others go by names alone. */
const RULES: Readonly<Record<string, CreateRule>> = {
  python: explicitImportCalls,
  javascript: explicitImportCalls,
  javascriptreact: explicitImportCalls,
  typescript: explicitImportCalls,
  typescriptreact: explicitImportCalls,
  go: goCalls,
  rust: rustCalls,
  java: javaCalls,
};
const MIN_NAME_CHARS = 3;

export function repositoryNames(files: readonly SourceFile[]): RepositoryNames {
  const definitions = new Definitions(files);
  const rules = new Map<CreateRule, CallRule>();
  const ruleOf = ({ language }: SourceFile) => {
    const create = RULES[language] ?? namesAlone;
    let rule = rules.get(create);
    if (!rule) rules.set(create, (rule = create(files, definitions)));
    return rule;
  };
  return {
    isDefinedElsewhere: (call, file) =>
      call.callee.length >= MIN_NAME_CHARS && ruleOf(file).isDefinedElsewhere(call, file),
  };
}

function namesAlone(_files: readonly SourceFile[], definitions: Definitions): CallRule {
  return {
    isDefinedElsewhere({ callee, qualified }, file) {
      const places = definitions.filesOf(callee);
      if (places.size === 0 || places.has(file)) return false;
      if (places.size > (qualified ? MAX_FILES_OF_A_METHOD : MAX_FILES_OF_A_NAME)) return false;
      return !qualified || !COMMON_METHODS.has(callee);
    },
  };
}
