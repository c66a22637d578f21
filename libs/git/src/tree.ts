import { CorruptObject } from './object-errors.js';

export type TreeEntryKind = 'blob' | 'tree' | 'symlink' | 'submodule' | 'unsafe_path';

/** One entry of a tree object. */
export interface TreeEntry {
  /** The name's bytes as Latin-1, with a slash after a directory's: its order is git's order. */
  readonly key: string;
  /** The name as text; one that is unsafe is escaped (see {@link escapeName}). */
  readonly name: string;
  readonly kind: TreeEntryKind;
  readonly oid: string;
}

const decoder = new TextDecoder('utf-8', { fatal: true });
/** ASCII without control characters, backslash and slash: nearly every name there is. */
const PLAIN = /^[\x20-\x2e\x30-\x5b\x5d-\x7e]+$/;
// eslint-disable-next-line no-control-regex
const UNSAFE_CHARACTERS = /[\x00-\x1f\x7f-\x9f/\\]/;
const RESERVED = /^(?:\.{0,2}|\.git)$/i;

/**
 * Parses a tree object. Entries come in git's order, each key once, however the tree was written.
 * @throws CorruptObject when the bytes are no tree.
 */
export function parseTree(data: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let ordered = true;
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at);
    const end = space < 0 ? -1 : data.indexOf(0, space);
    if (end < 0 || space - at > 7 || end + 21 > data.length) throw new CorruptObject('a tree is damaged');
    const entry = describeEntry(
      data.toString('latin1', at, space),
      data.toString('latin1', space + 1, end),
      data.toString('hex', end + 1, end + 21),
    );
    ordered &&= entries.length === 0 || entries[entries.length - 1]!.key < entry.key;
    entries.push(entry);
    at = end + 21;
  }
  return ordered ? entries : inOrder(entries);
}

/** Merging two trees needs order; git writes it, others need not. Of equal keys the first counts. */
function inOrder(entries: readonly TreeEntry[]): TreeEntry[] {
  return entries
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .filter((entry, index, sorted) => sorted[index - 1]?.key !== entry.key);
}

function describeEntry(mode: string, bytes: string, oid: string): TreeEntry {
  const kind = kindOf(mode);
  const key = kind === 'tree' ? `${bytes}/` : bytes;
  const name = safeName(bytes);
  return name === undefined
    ? { key, name: escapeName(bytes), kind: 'unsafe_path', oid }
    : { key, name, kind, oid };
}

function kindOf(mode: string): TreeEntryKind {
  switch (parseInt(mode, 8) & 0o170000) {
    case 0o040000:
      return 'tree';
    case 0o100000:
      return 'blob';
    case 0o120000:
      return 'symlink';
    case 0o160000:
      return 'submodule';
    default:
      return 'unsafe_path';
  }
}

/** A name as text; undefined when it could lead elsewhere, is not UTF-8, or would garble a terminal. */
function safeName(bytes: string): string | undefined {
  if (RESERVED.test(bytes)) return undefined;
  if (PLAIN.test(bytes)) return bytes;
  try {
    const name = decoder.decode(Buffer.from(bytes, 'latin1'));
    return UNSAFE_CHARACTERS.test(name) ? undefined : name;
  } catch {
    return undefined;
  }
}

/**
 * Spells an unsafe name so that it is harmless and still its own: `\xNN` for each unusual byte, for every
 * byte of a reserved name, a lone backslash for the empty one. No safe name holds a backslash.
 */
export function escapeName(bytes: string): string {
  if (bytes === '') return '\\';
  const all = RESERVED.test(bytes);
  return bytes.replace(/[^]/g, (char) =>
    !all && /[\x20-\x2e\x30-\x5b\x5d-\x7e]/.test(char)
      ? char
      : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
