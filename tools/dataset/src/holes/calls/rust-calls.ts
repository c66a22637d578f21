import type { SourceFile } from '../source-file.js';
import { calledText, rootOf, type CallRule, type Definitions } from './call-rule.js';

/** Methods of the standard library's types and traits, and of what is around every program. */
const COMMON_METHODS = new Set(
  (
    'abs add all and_then any append as_bytes as_deref as_mut as_mut_ptr as_mut_slice as_ptr as_ref as_slice as_str await ' +
    'body borrow borrow_mut build bytes cancel ceil chain chars clamp clear clone cloned cmp collect concat contains ' +
    'contains_key copied copy_from_slice cos count dedup default deref deserialize div drain drop end ends_with entry ' +
    'enumerate eq expect extend extend_from_slice field fill filter filter_map find finish first flat_map flatten floor ' +
    'flush fmt fold for_each from from_str get get_mut hash header hypot index insert into into_inner into_iter is_ascii ' +
    'is_empty is_err is_nan is_none is_ok is_some iter iter_mut join keys kind last len lines lock map map_err matches max ' +
    'message min mul name ne neg next next_back not ok ok_or ok_or_else open or_else or_insert parse partial_cmp peek poll ' +
    'pop pop_front position pow powf powi product push push_back push_str read read_exact read_to_end read_to_string recv ' +
    'rem remove replace reserve resize retain rev round seek send serialize set sin size skip sort sort_by sort_unstable ' +
    'source spawn split split_at split_off sqrt starts_with status step_by sub subscribe sum swap take tan then then_some ' +
    'to_be_bytes to_le_bytes to_owned to_string to_vec trim truncate try_from try_into unwrap unwrap_err unwrap_or ' +
    'unwrap_or_default unwrap_or_else update values values_mut wait with_capacity wrap write write_all write_fmt write_str ' +
    'zip'
  ).split(' '),
);
const COMMON_MACROS = new Set(
  (
    'assert assert_eq assert_ne cfg concat dbg debug_assert debug_assert_eq debug_assert_ne env eprint eprintln format ' +
    'include include_bytes include_str matches panic print println thread_local todo try unimplemented unreachable vec write ' +
    'writeln'
  ).split(' '),
);
const OWN_ROOTS = new Set(['crate', 'self', 'super']);
const STANDARD_ROOTS = new Set(['std', 'core', 'alloc']);
/** A crate is this repository's own when so many of the names that are taken from it are defined here. */
const MIN_OWN_NAMES = 3;
const MIN_OWN_SHARE = 0.75;
/** Longer text is no path but a chain of calls. */
const MAX_PATH_CHARS = 300;

interface Imports {
  readonly own: ReadonlySet<string>;
  readonly foreign: ReadonlySet<string>;
  /** Whether everything of some module of the repository is imported. */
  readonly all: boolean;
}

interface Use {
  /** The first part of the path: a crate or a keyword. */
  readonly root: string;
  /** What it is known as; `*` for everything. */
  readonly name: string;
}

/** Paths are resolved by what the file uses, methods by their names. */
export function rustCalls(files: readonly SourceFile[], definitions: Definitions): CallRule {
  const sources = files.filter(({ language }) => language === 'rust');
  const uses = new Map(sources.map((file) => [file, [...usesIn(file)]]));
  const crates = ownCrates([...uses.values()].flat(), definitions);
  const imports = new Map<SourceFile, Imports>();
  const importsOf = (file: SourceFile) => {
    let names = imports.get(file);
    if (!names) imports.set(file, (names = importedNames(file, uses.get(file) ?? [], crates)));
    return names;
  };
  const others = (name: string, file: SourceFile, kinds: Parameters<Definitions['filesOf']>[1]) =>
    [...definitions.filesOf(name, kinds)].filter((other) => other !== file && other.language === 'rust');
  const isOwnRoot = (path: readonly string[]) =>
    path.length === 1 || OWN_ROOTS.has(path[0]!) || crates.has(path[0]!);
  return {
    isDefinedElsewhere(call, file) {
      const { callee } = call;
      const called = calledText(call, file);
      const { own, foreign, all } = importsOf(file);
      const isMacro = called.slice(-MAX_PATH_CHARS).trimEnd().endsWith('!');
      const path = pathOf(isMacro ? called.slice(0, called.lastIndexOf('!')) : called);
      if (isMacro) {
        const isForeign = !path || COMMON_MACROS.has(callee) || foreign.has(path[0]!);
        if (isForeign || definitions.defines(file, callee)) return false;
        return isOwnRoot(path) && others(callee, file, ['function']).some(definesMacro(callee));
      }
      if (!path) {
        const root = rootOf(call, file);
        const isForeign = STANDARD_ROOTS.has(root) || foreign.has(root);
        return !isForeign && definitions.isRareMethod(callee, file, COMMON_METHODS);
      }
      const [root = '', ...rest] = path;
      if (STANDARD_ROOTS.has(root) || foreign.has(root)) return false;
      if (rest.length === 0) {
        const isKnown = own.has(callee) || (all && !definitions.defines(file, callee));
        return isKnown && others(callee, file, ['function', 'class']).length > 0;
      }
      const owner = path.at(-2)!;
      if (owner === 'Self') return definitions.isRareMethod(callee, file, COMMON_METHODS);
      // Of a type: both are defined in one file, as they mostly are.
      if (/^\p{Lu}/u.test(owner)) {
        return others(owner, file, ['class', 'type']).some((other) =>
          definitions.defines(other, callee, ['method']),
        );
      }
      const isKeyword = OWN_ROOTS.has(owner) || crates.has(owner);
      return others(callee, file, ['function', 'class']).some(
        ({ path: place }) => isKeyword || place.replace(/\.rs$/, '').split('/').includes(owner),
      );
    },
  };
}

/** The parts of a path without type arguments; undefined for anything else, such as a method of something. */
function pathOf(called: string): string[] | undefined {
  if (called.length > MAX_PATH_CHARS) return undefined;
  const plain = called.replace(/::\s{0,10}<[^()]{0,200}>/g, '').replace(/\s+/g, '');
  return /^[\p{L}\p{N}_]+(?:::[\p{L}\p{N}_]+)*$/u.test(plain) ? plain.split('::') : undefined;
}

function definesMacro(name: string): (file: SourceFile) => boolean {
  return ({ tree, text }) =>
    tree.definitions().some((one) => one.name === name && text.startsWith('macro_rules!', one.start));
}

/** Names that `use` makes known: braces are entered, aliases count. */
function* usesIn({ tree, text }: SourceFile): Generator<Use> {
  for (const { start, end } of tree.imports()) {
    const [, list = ''] = /\b(?:use|extern\s+crate)\s([^]*)$/.exec(text.slice(start, end)) ?? [];
    const roots: (string | undefined)[] = [undefined];
    let root: string | undefined;
    let name: string | undefined;
    for (const [token] of list.matchAll(/[\p{L}\p{N}_]+|[{},;*]/gu)) {
      if (token === '{') {
        roots.push(root);
        name = undefined;
      } else if (token === '}' || token === ',' || token === ';') {
        if (root !== undefined && name !== undefined) yield { root, name };
        if (token === '}' && roots.length > 1) roots.pop();
        root = roots.at(-1);
        name = undefined;
      } else if (token !== 'as') {
        // `use a::b::{self}` makes the module known; its name matters as little as that of a trait as `_`.
        root ??= token;
        name = token;
      }
    }
  }
}

/** The names by which tests, examples and other crates of a workspace know the repository's crates. */
function ownCrates(uses: readonly Use[], definitions: Definitions): Set<string> {
  const names = new Map<string, Set<string>>();
  for (const { root, name } of uses) {
    if (STANDARD_ROOTS.has(root) || OWN_ROOTS.has(root) || name === '*' || name === root) continue;
    const known = names.get(root);
    if (known) known.add(name);
    else names.set(root, new Set([name]));
  }
  const isOwn = (taken: ReadonlySet<string>) => {
    const defined = [...taken].filter((name) => definitions.filesOf(name).size > 0).length;
    return defined >= MIN_OWN_NAMES && defined >= MIN_OWN_SHARE * taken.size;
  };
  return new Set([...names].filter(([, taken]) => isOwn(taken)).map(([root]) => root));
}

function importedNames({ text }: SourceFile, uses: readonly Use[], crates: ReadonlySet<string>): Imports {
  const own = new Set<string>();
  const foreign = new Set<string>();
  const modules = new Set(
    Array.from(text.matchAll(/^\s*(?:pub\s+)?mod\s+(\w{1,100})\s*;/gm), ([, name]) => name),
  );
  let all = false;
  for (const { root, name } of uses) {
    const isOwn = OWN_ROOTS.has(root) || crates.has(root) || modules.has(root);
    if (name === '*') all ||= isOwn;
    else (isOwn ? own : foreign).add(name);
    if (!isOwn && !STANDARD_ROOTS.has(root)) foreign.add(root);
  }
  return { own, foreign, all };
}
