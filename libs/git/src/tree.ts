import { createHash } from 'node:crypto';
import { CorruptObject } from './object-errors.js';
import type { TimeSlice } from './time-slice.js';

export type TreeEntryKind = 'blob' | 'tree' | 'symlink' | 'submodule' | 'unsafe_path';

/** One entry of a tree object. */
export interface TreeEntry {
  /**
   * The name as text; one that is unsafe is escaped (see {@link escapeName}), and ends with a slash if a folder has it,
   * so that no two entries of a tree have the same.
   */
  readonly name: string;
  readonly kind: TreeEntryKind;
  readonly oid: string;
}

const OID_BYTES = 20;
/** Space, NUL, oid: no entry is shorter, however damaged. */
const MIN_ENTRY_BYTES = 2 + OID_BYTES;
const MAX_MODE_DIGITS = 7;
/** Entries between two looks at the clock. */
const ENTRIES_A_LOOK = 1024;
/** Git writes trees in order. To put others in order takes memory and holds up the thread. */
const MAX_UNORDERED = 10_000;

const SLASH = 0x2f;
const SPACE = 0x20;
const ZERO = 0x30;
const FORMAT = 0o170000;
const FOLDER = 0o040000;

/**
 * A tree object's entries in git's order, each name once, however the tree was written. The bytes stay as they are, nine
 * more are kept for each entry: a directory may have a million.
 */
export class Tree {
  private constructor(
    private readonly data: Buffer,
    readonly length: number,
    private readonly names: Uint32Array,
    private readonly oids: Uint32Array,
    /** Format bits of the mode, shifted to fit. */
    private readonly formats: Uint8Array,
  ) {}

  /**
   * @param data not to be changed from here on
   * @throws CorruptObject when the bytes are no tree, or one of many entries that are not in order.
   */
  static async parse(data: Buffer, slice: TimeSlice): Promise<Tree> {
    const most = Math.floor(data.length / MIN_ENTRY_BYTES);
    const names = new Uint32Array(most);
    const oids = new Uint32Array(most);
    const formats = new Uint8Array(most);
    let length = 0;
    let isOrdered = true;
    for (let at = 0; at < data.length; length++) {
      if (length % ENTRIES_A_LOOK === 0 && slice.isOver) await slice.pause();
      let mode = 0;
      let nameStart = at;
      for (; data[nameStart] !== SPACE; nameStart++) {
        const digit = data[nameStart]! - ZERO;
        // NaN, at the end of the bytes, is neither.
        if (!(nameStart - at < MAX_MODE_DIGITS)) throw new CorruptObject('a tree is damaged');
        mode = digit >= 0 && digit < 8 ? mode * 8 + digit : NaN;
      }
      nameStart++;
      let nameEnd = nameStart;
      while (nameEnd < data.length && data[nameEnd] !== 0) nameEnd++;
      if (nameEnd + 1 + OID_BYTES > data.length || length === most)
        throw new CorruptObject('a tree is damaged');
      names[length] = nameStart;
      oids[length] = nameEnd + 1;
      formats[length] = (mode & FORMAT) >> 12;
      at = nameEnd + 1 + OID_BYTES;
    }
    const tree = new Tree(data, length, names, oids, formats);
    for (let i = 1; i < length && isOrdered; i++) {
      if (i % ENTRIES_A_LOOK === 0 && slice.isOver) await slice.pause();
      isOrdered = tree.compare(i - 1, tree, i) < 0;
    }
    return isOrdered ? tree : tree.inOrder();
  }

  /** Where an entry stands in git's order against another tree's, by the bytes of the names; 0: it has the same name. */
  compare(index: number, other: Tree, otherIndex: number): number {
    const at = this.names[index]!;
    const otherAt = other.names[otherIndex]!;
    const length = this.oids[index]! - 1 - at;
    const otherLength = other.oids[otherIndex]! - 1 - otherAt;
    const common = Math.min(length, otherLength);
    let i = 0;
    for (; i < common; i++) {
      const order = this.data[at + i]! - other.data[otherAt + i]!;
      if (order !== 0) return order;
    }
    for (; ; i++) {
      // The name of a folder counts as if it ended with a slash.
      const byte = i < length ? this.data[at + i]! : i === length && this.isFolder(index) ? SLASH : -1;
      const otherByte =
        i < otherLength
          ? other.data[otherAt + i]!
          : i === otherLength && other.isFolder(otherIndex)
            ? SLASH
            : -1;
      // A file whose name ends with a slash, as no git command writes it, is not the folder without.
      if (byte === -1 && otherByte === -1) return length - otherLength;
      if (byte !== otherByte) return byte - otherByte;
    }
  }

  /** Whether an entry and another tree's of the same name are the same kind of thing with the same content. */
  isSame(index: number, other: Tree, otherIndex: number): boolean {
    if (this.formats[index] !== other.formats[otherIndex]) return false;
    const at = this.oids[index]!;
    const otherAt = other.oids[otherIndex]!;
    for (let i = 0; i < OID_BYTES; i++) if (this.data[at + i] !== other.data[otherAt + i]) return false;
    return true;
  }

  entry(index: number): TreeEntry {
    const start = this.names[index]!;
    const oidStart = this.oids[index]!;
    const bytes = this.data.subarray(start, oidStart - 1);
    const oid = this.data.toString('hex', oidStart, oidStart + OID_BYTES);
    const name = safeName(bytes);
    if (name !== undefined) return { name, kind: KINDS[this.formats[index]!] ?? 'unsafe_path', oid };
    return { name: `${spellOut(bytes)}${this.isFolder(index) ? '/' : ''}`, kind: 'unsafe_path', oid };
  }

  /** The entry of a safe name, for a folder or for anything else; undefined when there is none. */
  find(name: string, isFolder: boolean): TreeEntry | undefined {
    const bytes = Buffer.from(name, 'utf8');
    for (let i = 0; i < this.length; i++) {
      const start = this.names[i]!;
      const end = this.oids[i]! - 1;
      if (end - start !== bytes.length || this.isFolder(i) !== isFolder) continue;
      if (bytes.compare(this.data, start, end) === 0) return this.entry(i);
    }
    return undefined;
  }

  private isFolder(index: number): boolean {
    return this.formats[index] === FOLDER >> 12;
  }

  /** Of equal names the first counts. */
  private inOrder(): Tree {
    if (this.length > MAX_UNORDERED)
      throw new CorruptObject(`its ${this.length} entries are not in git's order`);
    const order = Array.from({ length: this.length }, (_, i) => i)
      .sort((a, b) => this.compare(a, this, b) || a - b)
      .filter((one, at, all) => at === 0 || this.compare(all[at - 1]!, this, one) !== 0);
    return new Tree(
      this.data,
      order.length,
      Uint32Array.from(order, (i) => this.names[i]!),
      Uint32Array.from(order, (i) => this.oids[i]!),
      Uint8Array.from(order, (i) => this.formats[i]!),
    );
  }
}

const KINDS: Readonly<Record<number, TreeEntryKind>> = {
  [0o04]: 'tree',
  [0o10]: 'blob',
  [0o12]: 'symlink',
  [0o16]: 'submodule',
};

/** A byte order mark is a part of a name, not a sign of its encoding. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
// eslint-disable-next-line no-control-regex
const UNSAFE_CHARACTERS = /[\x00-\x1f\x7f-\x9f/\\]/;
const RESERVED = /^(?:\.{0,2}|\.git)$/i;
/** Longer names cannot be opened on any usual system. */
const MAX_NAME_BYTES = 4096;
/** What is shown of a name that is longer. */
const SHOWN_BYTES = 100;

/** A name as text; undefined when it could lead elsewhere, is not UTF-8, or would garble a terminal. */
function safeName(bytes: Buffer): string | undefined {
  if (bytes.length > MAX_NAME_BYTES) return undefined;
  try {
    const name = decoder.decode(bytes);
    return UNSAFE_CHARACTERS.test(name) || RESERVED.test(name) ? undefined : name;
  } catch {
    return undefined;
  }
}

/** Whether a name is one of those that a tree's entries are read by. */
export function isSafeName(name: string): boolean {
  return !UNSAFE_CHARACTERS.test(name) && !RESERVED.test(name) && !name.includes('\ufffd');
}

function spellOut(bytes: Buffer): string {
  if (bytes.length <= MAX_NAME_BYTES) return escapeName(bytes.toString('latin1'));
  const hash = createHash('sha1').update(bytes).digest('hex').slice(0, 16);
  return `${escapeName(bytes.toString('latin1', 0, SHOWN_BYTES))}\\${hash}`;
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
