import type { CallNode } from '@repoformer/syntax';
import type { SourceFile } from './source-file.js';

/** A name that more files than this define is nobody's in particular. */
const MAX_FILES_OF_A_NAME = 8;
const MAX_FILES_OF_A_METHOD = 3;

/** Methods that the languages' own types have: a call of one says nothing about the repository. */
const COMMON_METHODS = new Set(
  (
    'add append apply assert bind call catch clear close concat copy count debug decode delete dispatch emit encode ' +
    'endswith entries error every exec extend filter finally find findIndex flush forEach format from get getattr ' +
    'group has includes index indexOf info init insert is items join json keys len length load loads lock lower log ' +
    'main map match max min next now off once open parse pop print push read reduce remove render replace request reset ' +
    'resolve return reverse run save search seek send set setdefault shift slice some sort split start startswith stop ' +
    'strip sub tag tell test text then throw toString trim type unlock update upper value values wait warn write'
  ).split(' '),
);

/** What every file knows without importing it. */
const GLOBALS = new Set('console crypto document globalThis navigator performance process window'.split(' '));
const OWN = new Set(['self', 'this', 'cls', 'super']);
const EXPLICIT_IMPORTS = new Set([
  'python',
  'javascript',
  'javascriptreact',
  'typescript',
  'typescriptreact',
]);

/** Which names the files of a repository define, and which calls are of what another file defines. */
export interface RepositoryNames {
  /**
   * Whether a call is of a function, method or class of another file of the repository, as far as names tell: the
   * name is defined elsewhere and not here, by few files; where imports are explicit, it or what it is called on
   * comes from the repository.
   */
  isDefinedElsewhere(call: CallNode, file: SourceFile): boolean;
}

export function repositoryNames(files: readonly SourceFile[]): RepositoryNames {
  const definedIn = new Map<string, Set<SourceFile>>();
  const modules = new Set<string>();
  for (const file of files) {
    for (const { name } of file.tree.definitions()) {
      const places = definedIn.get(name);
      if (places) places.add(file);
      else definedIn.set(name, new Set([file]));
    }
    for (const part of file.path.replace(/\.\w+$/, '').split('/')) modules.add(part);
  }
  const imports = new Map<SourceFile, ImportedNames>();
  const importsOf = (file: SourceFile) => {
    let names = imports.get(file);
    if (!names) imports.set(file, (names = importedNames(file, modules)));
    return names;
  };
  return {
    isDefinedElsewhere(call, file) {
      const { callee, qualified } = call;
      const places = definedIn.get(callee);
      if (!places || places.has(file) || callee.length < 3) return false;
      if (places.size > (qualified ? MAX_FILES_OF_A_METHOD : MAX_FILES_OF_A_NAME)) return false;
      const root = /[\p{L}\p{N}_$]+/u.exec(file.text.slice(call.start, call.arguments.start))?.[0] ?? '';
      if (!EXPLICIT_IMPORTS.has(file.language)) return !qualified || !COMMON_METHODS.has(callee);
      const { own, foreign, all } = importsOf(file);
      if (!qualified) return own.has(callee) || (all && !foreign.has(callee));
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
