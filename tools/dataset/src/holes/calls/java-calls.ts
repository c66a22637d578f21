import type { SourceFile } from '../source-file.js';
import { calledText, rootOf, type CallRule, type Definitions } from './call-rule.js';

/** Methods of the standard library's types: nothing can be said of them where the receiver's type is unknown. */
const COMMON_METHODS = new Set(
  (
    'accept add addAll append apply array asList await build builder call charAt clear clone close collect compare ' +
    'compareTo contains containsKey copy count decode delete empty encode endsWith entrySet equals error exists execute ' +
    'filter findFirst first flip flush forEach format get getBytes getChildren getClass getId getInt getKey getLength ' +
    'getLong getMessage getName getParent getString getType getValue hasNext hasRemaining hashCode head indexOf info init ' +
    'insert intValue invoke isEmpty isPresent iterator join keySet last length limit list lock log map mark match matches ' +
    'max merge min name newInstance next of offer open orElse parse peek poll pop position push put putAll read ready ' +
    'remaining remove removeAll replace reset reverse rewind run seek send set setInt setName setString setValue size skip ' +
    'sort split start startsWith stop stream submit substring sum tail test toArray toList toString trim unlock update ' +
    'value valueOf values wait warn write'
  ).split(' '),
);
const TYPES = ['class', 'type'] as const;
const METHODS = ['method'] as const;
/** How far superclasses and interfaces are followed. */
const MAX_ANCESTORS = 32;

interface FileNames {
  /** What `package` says, and a dot; empty for none. */
  readonly package: string;
  /** Simple names to qualified ones, of types and of static members. */
  readonly imported: ReadonlyMap<string, string>;
  readonly staticMembers: ReadonlyMap<string, string>;
  /** Packages of which all types are imported, with a dot. */
  readonly wildcards: readonly string[];
  /** Types that classes of the file extend or implement. */
  readonly ancestors: readonly string[];
  /** Declarations of fields, parameters and variables, in the order of the text. */
  readonly variables: ReadonlyMap<string, readonly { readonly at: number; readonly type: string }[]>;
}

/** Types are resolved as the compiler does; variables have the type that is written in front of them. */
export function javaCalls(files: readonly SourceFile[], definitions: Definitions): CallRule {
  const sources = files.filter(({ language }) => language === 'java');
  const names = new Map(sources.map((file) => [file, fileNames(file)]));
  const byName = new Map(sources.map((file) => [`${names.get(file)!.package}${topType(file)}`, file]));

  /** The file of a type by its qualified name, which may be of a type inside another. */
  function fileOf(qualified: string): SourceFile | undefined {
    for (let name = qualified; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
      const file = byName.get(name);
      if (file) return file;
    }
    return undefined;
  }

  /** The file of the repository that a type's simple name means in another. */
  function resolve(type: string, from: SourceFile): SourceFile | undefined {
    if (definitions.defines(from, type, TYPES)) return from;
    const { imported, wildcards, package: own } = names.get(from)!;
    const qualified = imported.get(type);
    if (qualified !== undefined) return fileOf(qualified);
    for (const prefix of [own, ...wildcards]) {
      const file = byName.get(`${prefix}${type}`);
      if (file) return file;
    }
    // Types that stand inside an ancestor are not looked for, though their simple names are known, too.
    return undefined;
  }

  /** A type's file and those of what it extends, nearest first. */
  function* withAncestors(file: SourceFile): Generator<SourceFile> {
    const seen = new Set([file]);
    for (const one of seen) {
      yield one;
      for (const type of names.get(one)!.ancestors) {
        const ancestor = resolve(type, one);
        if (ancestor && seen.size < MAX_ANCESTORS) seen.add(ancestor);
      }
    }
  }

  /** Whether a method of a type, or one that it inherits, is defined in another file than the caller's. */
  function hasMethod(type: SourceFile, name: string, caller: SourceFile): boolean {
    for (const file of withAncestors(type)) {
      if (definitions.defines(file, name, METHODS)) return file !== caller;
    }
    return false;
  }

  return {
    isDefinedElsewhere(call, file) {
      const { callee } = call;
      const called = calledText(call, file);
      const { staticMembers, variables } = names.get(file)!;
      if (/^new\b/.test(called)) {
        const type = /^new\s+(?:[\p{Ll}\p{N}_]+\.)*([\p{L}\p{N}_$]+)/u.exec(called)?.[1] ?? '';
        const place = resolve(type, file);
        return place !== undefined && place !== file && definitions.defines(place, callee, TYPES);
      }
      const root = rootOf(call, file);
      if (called === callee || /^(?:this|super)\s*\.\s*\w+$/.test(called)) {
        const imported = called === callee ? staticMembers.get(callee) : undefined;
        if (imported === undefined) return hasMethod(file, callee, file);
        const place = fileOf(imported);
        return place !== undefined && hasMethod(place, callee, file);
      }
      const isDirect = /^[\p{L}\p{N}_$]+\s*\.\s*(?:<[^()]{0,100}>)?[\p{L}\p{N}_$]+$/u.test(called);
      const type = /^\p{Lu}/u.test(root) ? root : typeOf(variables.get(root), call.start);
      if (isDirect && type !== undefined) {
        const place = resolve(type, file);
        return place !== undefined && hasMethod(place, callee, file);
      }
      if (/^\p{Lu}/u.test(root) && !resolve(root, file)) return false;
      if (/^(?:javax?|org|com|net|io)\b/.test(called)) return false;
      return definitions.isRareMethod(callee, file, COMMON_METHODS);
    },
  };
}

function topType({ path }: SourceFile): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.java$/, '');
}

/** The type of a variable's declaration next before an offset, or of the first one after it. */
function typeOf(
  declarations: readonly { readonly at: number; readonly type: string }[] | undefined,
  offset: number,
): string | undefined {
  return (declarations?.findLast(({ at }) => at < offset) ?? declarations?.[0])?.type;
}

/** Words that stand in front of a name without being its type. */
const KEYWORDS = new Set(
  'return new throw else case package import extends implements instanceof'.split(' '),
);
const DECLARATION =
  /([\p{Lu}][\p{L}\p{N}_$]{0,100})(?:<[^;(){}=]{0,200}>)?(?:\[\]|\.\.\.){0,3}\s{1,20}([\p{Ll}_$][\p{L}\p{N}_$]{0,100})\s{0,5}[=;,:)]/gu;
const ANCESTORS = /\b(?:extends|implements)\s{1,20}([\p{L}\p{N}_$.,<>?&@\s]{1,500})/gu;

function fileNames({ tree, text }: SourceFile): FileNames {
  let ownPackage = '';
  const imported = new Map<string, string>();
  const staticMembers = new Map<string, string>();
  const wildcards: string[] = [];
  for (const { start, end } of tree.imports()) {
    const words = /^(package|import)\s+(static\s+)?([\p{L}\p{N}_$.]+?)(\.\*)?\s*;/u.exec(
      text.slice(start, end),
    );
    if (!words) continue;
    const [, keyword, isStatic, path = '', isAll] = words;
    const last = path.slice(path.lastIndexOf('.') + 1);
    if (keyword === 'package') ownPackage = `${path}.`;
    else if (isAll) wildcards.push(`${path}.`);
    else if (isStatic) staticMembers.set(last, path.slice(0, path.lastIndexOf('.')));
    else imported.set(last, path);
  }
  const named = Array.from(text.matchAll(ANCESTORS), ([, list = '']) => namesOfTypes(list)).flat();
  const ancestors = [...new Set(named)].slice(0, MAX_ANCESTORS);
  const variables = new Map<string, { at: number; type: string }[]>();
  for (const { 1: type = '', 2: name = '', index: at } of text.matchAll(DECLARATION)) {
    if (KEYWORDS.has(name)) continue;
    const known = variables.get(name);
    if (known) known.push({ at, type });
    else variables.set(name, [{ at, type }]);
  }
  return { package: ownPackage, imported, staticMembers, wildcards, ancestors, variables };
}

/** Simple names of types in a list, without their type arguments. */
function namesOfTypes(list: string): string[] {
  let depth = 0;
  let plain = '';
  for (const char of list) {
    if (char === '<') depth += 1;
    else if (char === '>') depth -= 1;
    else if (depth === 0) plain += char;
  }
  return (plain.match(/[\p{L}\p{N}_$.]+/gu) ?? [])
    .map((name) => name.slice(name.lastIndexOf('.') + 1))
    .filter((name) => /^\p{Lu}/u.test(name));
}
