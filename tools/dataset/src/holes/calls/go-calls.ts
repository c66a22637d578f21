import type { SourceFile } from '../source-file.js';
import { calledText, rootOf, type CallRule, type Definitions } from './call-rule.js';

/** Methods of the standard library's types, of its tests and of what most packages implement of it. */
const COMMON_METHODS = new Set(
  (
    'Accept Add Addr After Before Begin Body Bool Bytes Call Cap Cleanup Close Commit Contains Context Copy Deadline ' +
    'Decode Del Dial Do Done Elem Encode Equal Err Error Errorf Exec Execute False Fatal Fatalf Field Flush Format Get ' +
    'Handle HandleFunc Header Helper Host Index Int Interface IsNil IsValid IsZero Key Kind Len Less Listen Load ' +
    'LocalAddr Lock Log Logf Marshal MarshalJSON Match MatchString Method Name Network Next Nil NoError NotNil Now ' +
    'NumField Open Parse Path Ping Pop Prepare Print Printf Println Push Put Query RLock RUnlock Read ReadAll ReadByte ' +
    'ReadFrom ReadRune Recv RemoteAddr Reset Rollback Run Scan Seek Send Serve ServeHTTP Set SetDeadline SetReadDeadline ' +
    'SetWriteDeadline Size Skip Start Stat Stop Store String Sub Swap Sync Text True Truncate Type Uint Unlock Unmarshal ' +
    'UnmarshalJSON Unwrap Value Wait Write WriteByte WriteHeader WriteRune WriteString WriteTo'
  ).split(' '),
);
const FUNCTIONS = ['function'] as const;

/** Local name of an import to the folder it is in; undefined for what is not of this repository. */
type Imports = ReadonlyMap<string, string | undefined>;

/**
 * Functions are resolved as the compiler does: in the files of the package, or in the folder that the import names.
 * The module's path is the one that most imports of folders of the repository begin with.
 */
export function goCalls(files: readonly SourceFile[], definitions: Definitions): CallRule {
  const sources = files.filter(({ language }) => language === 'go');
  const packages = new Map(sources.map((file) => [file, packageOf(file)]));
  const byFolder = new Map<string, SourceFile[]>();
  for (const file of sources) {
    const folder = folderOf(file);
    const inFolder = byFolder.get(folder);
    if (inFolder) inFolder.push(file);
    else byFolder.set(folder, [file]);
  }
  const nameOfFolder = (folder: string) =>
    (byFolder.get(folder) ?? []).map((file) => packages.get(file)!).find((name) => !name.endsWith('_test'));
  const module = modulePath(sources, byFolder, nameOfFolder(''));
  const imports = new Map<SourceFile, Imports>();
  const importsOf = (file: SourceFile) => {
    let names = imports.get(file);
    if (!names) imports.set(file, (names = importedNames(file, module, nameOfFolder)));
    return names;
  };
  const isFunctionOf = (folder: string, name: string, caller: SourceFile) =>
    (byFolder.get(folder) ?? []).some(
      (file) => file !== caller && !file.isTest && definitions.defines(file, name, FUNCTIONS),
    );
  return {
    isDefinedElsewhere(call, file) {
      const { callee } = call;
      const called = calledText(call, file);
      const names = importsOf(file);
      if (/^\w+(?:\[[^\]]{0,200}\])?$/.test(called)) {
        if (definitions.defines(file, callee, FUNCTIONS) || names.has(callee)) return false;
        const peers = byFolder.get(folderOf(file)) ?? [];
        return peers.some(
          (peer) => packages.get(peer) === packages.get(file) && definitions.defines(peer, callee, FUNCTIONS),
        );
      }
      const root = rootOf(call, file);
      if (names.has(root)) {
        const folder = names.get(root);
        if (folder === undefined) return false;
        if (/^\w+\.\w+(?:\[[^\]]{0,200}\])?$/.test(called)) return isFunctionOf(folder, callee, file);
      }
      return definitions.isRareMethod(callee, file, COMMON_METHODS);
    },
  };
}

function folderOf({ path }: SourceFile): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function packageOf({ tree, text }: SourceFile): string {
  const clause = tree.imports().find(({ start }) => text.startsWith('package', start));
  return clause ? (/^package\s+(\w+)/.exec(text.slice(clause.start, clause.end))?.[1] ?? '') : '';
}

function* importsIn({
  tree,
  text,
}: SourceFile): Generator<{ readonly alias: string; readonly path: string }> {
  for (const { start, end } of tree.imports()) {
    if (!text.startsWith('import', start)) continue;
    const list = text.slice(start + 'import'.length, end);
    for (const [, alias = '', path = ''] of list.matchAll(
      /(?:([\w.]{1,100})[ \t]{1,10})?"([^"\n]{1,300})"/g,
    )) {
      yield { alias, path };
    }
  }
}

/** The path that the repository's own folders are imported by; undefined when nothing tells. */
function modulePath(
  files: readonly SourceFile[],
  folders: ReadonlyMap<string, unknown>,
  rootPackage: string | undefined,
): string | undefined {
  const votes = new Map<string, number>();
  for (const file of files) {
    for (const { path } of importsIn(file)) {
      const parts = path.split('/');
      // The standard library has no dot in front.
      if (!parts[0]!.includes('.')) continue;
      const at = parts.findIndex((_, index) => index > 0 && folders.has(parts.slice(index).join('/')));
      const module =
        at > 0 ? parts.slice(0, at).join('/') : nameOfPath(path) === rootPackage ? path : undefined;
      if (module !== undefined) votes.set(module, (votes.get(module) ?? 0) + 1);
    }
  }
  return [...votes].sort(([a, x], [b, y]) => y - x || a.length - b.length || (a < b ? -1 : 1))[0]?.[0];
}

function importedNames(
  file: SourceFile,
  module: string | undefined,
  nameOfFolder: (folder: string) => string | undefined,
): Imports {
  const names = new Map<string, string | undefined>();
  for (const { alias, path } of importsIn(file)) {
    if (alias === '_' || alias === '.') continue;
    const isOwn = module !== undefined && (path === module || path.startsWith(`${module}/`));
    const folder = isOwn ? path.slice(module.length + 1) : undefined;
    const name = folder === undefined ? undefined : nameOfFolder(folder);
    names.set(alias || (name ?? nameOfPath(path)), name === undefined ? undefined : folder);
  }
  return names;
}

/** What a package is most likely called: the last part of its path, without a version and `go`. */
function nameOfPath(path: string): string {
  const parts = path.split('/').filter((part, index) => index === 0 || !/^v\d+$/.test(part));
  return parts
    .at(-1)!
    .replace(/\.v\d+$/, '')
    .replace(/^go-|[-.]go$/, '')
    .replaceAll('-', '_');
}
