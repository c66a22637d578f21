import type { CallNode } from '@repoformer/syntax';
import type { SourceFile } from '../source-file.js';
import {
  COMMON_METHODS,
  type CallRule,
  type Definitions,
  MAX_FILES_OF_A_METHOD,
  MAX_FILES_OF_A_NAME,
  rootOf,
} from './call-rule.js';

/** What every file knows without importing it. */
const GLOBALS = new Set('console crypto document globalThis navigator performance process window'.split(' '));
const OWN = new Set(['self', 'this', 'cls', 'super']);

/** Languages in which a file names all that it takes from others: what is called, or what it is called on, is imported. */
export function explicitImportCalls(files: readonly SourceFile[], definitions: Definitions): CallRule {
  const modules = new Set(files.flatMap(({ path }) => path.replace(/\.\w+$/, '').split('/')));
  const imports = new Map<SourceFile, ImportedNames>();
  const importsOf = (file: SourceFile) => {
    let names = imports.get(file);
    if (!names) imports.set(file, (names = importedNames(file, modules)));
    return names;
  };
  return {
    isDefinedElsewhere(call: CallNode, file: SourceFile) {
      const { callee, qualified } = call;
      const places = definitions.filesOf(callee);
      if (places.size === 0 || places.has(file)) return false;
      if (places.size > (qualified ? MAX_FILES_OF_A_METHOD : MAX_FILES_OF_A_NAME)) return false;
      const { own, foreign, all } = importsOf(file);
      if (!qualified) return own.has(callee) || (all && !foreign.has(callee));
      const root = rootOf(call, file);
      if (own.has(root)) return true;
      return (
        !COMMON_METHODS.has(callee) &&
        !foreign.has(root) &&
        !GLOBALS.has(root) &&
        (OWN.has(root) || /^[\p{Ll}_]/u.test(root))
      );
    },
  };
}

/** `a = require('./b')` and `{ a, b } = require('c')`. Bounded, for text can be made to keep an expression busy. */
const COMMON_JS =
  /([\p{L}\p{N}_$]{1,100}|\{[^{}]{1,1000}\})\s{0,10}=\s{0,10}require\(\s{0,10}['"]([^'"\n]{1,200})/gu;

interface ImportedNames {
  /** Names that imports from the repository itself make known. */
  readonly own: ReadonlySet<string>;
  readonly foreign: ReadonlySet<string>;
  /** Whether something of the repository is imported as a whole, without naming what. */
  readonly all: boolean;
}

/** Tells imports of the repository from others by their paths: relative ones, or ones that begin with a module of it. */
function importedNames(file: SourceFile, modules: ReadonlySet<string>): ImportedNames {
  const own = new Set<string>();
  const foreign = new Set<string>();
  let all = false;
  for (const { start, end } of file.tree.imports()) {
    const text = file.text.slice(start, end);
    const isPython = file.language === 'python';
    const isOwn = isPython
      ? /^from\s+\./.test(text) || modules.has(/^(?:from|import)\s+([\p{L}\p{N}_]+)/u.exec(text)?.[1] ?? '')
      : /['"](\.|@\/|~\/|#)/.test(text);
    for (const name of isPython ? namesOfPython(text) : namesOfEcmaScript(text))
      (isOwn ? own : foreign).add(name);
    if (isOwn && /import\s+\*\s*$/.test(text)) all = true;
  }
  if (file.language !== 'python') {
    for (const [, names = '', path = ''] of file.text.matchAll(COMMON_JS)) {
      for (const name of namesOfEcmaScript(names)) (path.startsWith('.') ? own : foreign).add(name);
    }
  }
  return { own, foreign, all };
}

/** What is written behind `import`: names after `from`, else modules, of which the first part becomes known. */
function namesOfPython(text: string): string[] {
  const [, from, names = ''] = /^\s*(from\b[^]*?)?\bimport\b([^]*)$/.exec(text) ?? [];
  return names.split(',').map((name) => {
    const words = name.match(/[\p{L}\p{N}_]+/gu) ?? [];
    return (from === undefined && words.at(-2) !== 'as' ? words[0] : words.at(-1)) ?? '';
  });
}

/** What is written before the module's path. */
function namesOfEcmaScript(text: string): string[] {
  return text.replace(/['"][^]*$/, '').match(/[\p{L}\p{N}_$]+/gu) ?? [];
}
