import type { LanguageFamily } from './definitions.js';
import { pathParts } from './paths.js';

/** One module that a file imports. */
export interface ImportedModule {
  /** Names in its specifier, outermost first, without dots, extension and `..`. */
  readonly segments: readonly string[];
  /** Whether the specifier itself says that it is of the same repository. */
  readonly relative: boolean;
}

/** What a file's import lines bring in. */
export interface Imports {
  readonly modules: readonly ImportedModule[];
  /** Names bound by them. */
  readonly names: ReadonlySet<string>;
}

const PYTHON_FROM =
  /^[ \t]{0,40}from[ \t]{1,8}([.\w]{1,200})[ \t]{1,8}import[ \t]{1,8}(\([^)]{0,2000}\)|[^\n]{0,400})/gm;
const PYTHON_IMPORT = /^[ \t]{0,40}import[ \t]{1,8}([^\n]{1,400})/gm;
const JAVASCRIPT_FROM =
  /^[ \t]{0,40}(?:import|export)\b([^;'"]{0,1200})\bfrom[ \t]{0,8}['"]([^'"\n]{1,200})['"]/gm;
const JAVASCRIPT_OTHER =
  /(?:\b(?:const|let|var)[ \t]{1,8}([^=;\n]{1,300})=[ \t]{0,8}(?:await[ \t]{1,8})?)?\b(?:require|import)[ \t]{0,8}\(?[ \t]{0,8}['"]([^'"\n]{1,200})['"]/g;
const OTHER =
  /^[ \t]{0,40}(?:pub[ \t]{1,8})?(?:use|import|#[ \t]{0,8}include|require|require_relative|using|mod|with)\b[ \t]{0,8}(?:static[ \t]{1,8})?(?:\w{1,60}[ \t]{1,8})?(["<(]?)([\w.:/\\@-]{1,200})(?:::\{([^}]{0,600})\})?/gm;

/** Reads the import lines of a text. */
export function readImports(text: string, family: LanguageFamily): Imports {
  const modules: ImportedModule[] = [];
  const names = new Set<string>();
  const add = (specifier: string, bound: string) => {
    modules.push(moduleOf(specifier));
    for (const name of boundNames(bound)) names.add(name);
  };
  if (family === 'python') {
    for (const [, module, bound] of text.matchAll(PYTHON_FROM)) {
      add(module!, bound!);
      // What is imported may itself be a module: `from . import x`, `from package import module`.
      for (const name of boundNames(bound!).slice(0, 40)) modules.push(moduleOf(`${module!}.${name}`));
    }
    for (const [, list] of text.matchAll(PYTHON_IMPORT)) {
      for (const part of list!.split(',')) {
        const module = /^[ \t]{0,40}([.\w]{1,200})/.exec(part)?.[1];
        if (module !== undefined) add(module, / as /.test(part) ? part : module.split('.', 1)[0]!);
      }
    }
  } else if (family === 'javascript') {
    for (const [, bound, module] of text.matchAll(JAVASCRIPT_FROM)) add(module!, bound!);
    for (const [, bound, module] of text.matchAll(JAVASCRIPT_OTHER)) add(module!, bound ?? '');
  } else {
    for (const [, quote, module, bound] of text.matchAll(OTHER)) {
      add(quote === '"' && /\.\w{1,3}$/.test(module!) ? `./${module!}` : module!, bound ?? module!);
    }
  }
  return { modules, names };
}

/**
 * Whether a module's specifier may mean a file of this path: its last name, or the last but one where the last is a
 * member, is the file's (or the directory's where the file speaks for that), and the name before it agrees.
 */
export function mayImport({ segments, relative }: ImportedModule, path: string): boolean {
  const { directories, stem } = pathParts(path);
  const names = DIRECTORY_STEMS.has(stem) ? directories : [...directories, stem];
  const [name, above] = [names.at(-1), names.at(-2)];
  if (name === undefined) return false;
  const agrees = (at: number) =>
    segments.at(at) === name &&
    (relative || segments.at(at - 1) === undefined || segments.at(at - 1) === above);
  return agrees(-1) || (segments.length > 2 && agrees(-2));
}

const DIRECTORY_STEMS = new Set(['index', '__init__', 'mod', 'lib', 'main']);

function moduleOf(specifier: string): ImportedModule {
  const relative = /^(\.|~\/|@\/|#|crate::|super::|self::)/.test(specifier);
  const segments = specifier
    .replace(/\.(?:[cm]?[jt]sx?|json|h|hpp|hh|dart|rb|php|proto)$/, '')
    .split(/::|[./\\]/)
    .filter((part) => part !== '' && !['crate', 'super', 'self', '@', '~'].includes(part));
  return { segments, relative };
}

function boundNames(clause: string): string[] {
  return clause
    .replace(/(?:#|\/\/)[^\n]{0,400}/g, '')
    .split(/[,{}()\s]+/)
    .flatMap((part) => part.match(/[\w$]{1,120}$/) ?? [])
    .filter((name) => !['as', 'type', 'import', 'default', 'from'].includes(name));
}
