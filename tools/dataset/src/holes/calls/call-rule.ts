import type { CallNode, DefinitionKind } from '@repoformer/syntax';
import type { SourceFile } from '../source-file.js';

/** A name that more files than this define is nobody's in particular. */
export const MAX_FILES_OF_A_NAME = 8;
export const MAX_FILES_OF_A_METHOD = 3;

/** Methods that the languages' own types have: a call of one says nothing about the repository. */
export const COMMON_METHODS = new Set(
  (
    'add append apply assert bind call catch clear close concat copy count debug decode delete dispatch emit encode ' +
    'endswith entries error every exec extend filter finally find findIndex flush forEach format from get getattr ' +
    'group has includes index indexOf info init insert is items join json keys len length load loads lock lower log ' +
    'main map match max min next now off once open parse pop print push read reduce remove render replace request reset ' +
    'resolve return reverse run save search seek send set setdefault shift slice some sort split start startswith stop ' +
    'strip sub tag tell test text then throw toString trim type unlock update upper value values wait warn write'
  ).split(' '),
);

/** How one language tells which calls are of what another file of the repository defines. */
export interface CallRule {
  /** Calls without a name, or with one of less than three characters, are not asked about. */
  isDefinedElsewhere(call: CallNode, file: SourceFile): boolean;
}

/** What the files of a repository define, by name. */
export class Definitions {
  private readonly byName = new Map<string, Map<SourceFile, Set<DefinitionKind>>>();

  constructor(files: readonly SourceFile[]) {
    for (const file of files) {
      for (const { name, kind } of file.tree.definitions()) {
        let places = this.byName.get(name);
        if (!places) this.byName.set(name, (places = new Map<SourceFile, Set<DefinitionKind>>()));
        const kinds = places.get(file);
        if (kinds) kinds.add(kind);
        else places.set(file, new Set([kind]));
      }
    }
  }

  /** Files that define a name, as one of the kinds; all kinds by default. */
  filesOf(name: string, kinds?: readonly DefinitionKind[]): Set<SourceFile> {
    const places = this.byName.get(name) ?? new Map<SourceFile, Set<DefinitionKind>>();
    const found = [...places].filter(([, own]) => !kinds || kinds.some((kind) => own.has(kind)));
    return new Set(found.map(([file]) => file));
  }

  defines(file: SourceFile, name: string, kinds?: readonly DefinitionKind[]): boolean {
    const own = this.byName.get(name)?.get(file);
    return own !== undefined && (!kinds || kinds.some((kind) => own.has(kind)));
  }

  /** Whether a name is a method of a few other files, and not one that everything has: its receiver's type is unknown. */
  isRareMethod(name: string, file: SourceFile, common: ReadonlySet<string>): boolean {
    if (common.has(name)) return false;
    const places = this.filesOf(name, ['method']);
    return places.size > 0 && places.size <= MAX_FILES_OF_A_METHOD && !this.defines(file, name);
  }
}

/** The first name of a call: `a` in `a.b(1).c(2)`. */
export function rootOf(call: CallNode, file: SourceFile): string {
  return /[\p{L}\p{N}_$]+/u.exec(calledText(call, file))?.[0] ?? '';
}

/** What is called, as it is written. */
export function calledText({ start, arguments: { start: end } }: CallNode, { text }: SourceFile): string {
  return text.slice(start, end);
}
