import { createHash } from 'node:crypto';
import { throwIfAborted, type TreeChange } from '@repoformer/domain';
import type { TimeSlice } from './time-slice.js';
import type { Tree, TreeEntry } from './tree.js';

/** Longer paths cannot be opened on any usual system; the bound keeps hostile nesting cheap. */
const MAX_PATH_LENGTH = 4096;
/** What is shown of a path that is longer. */
const SHOWN_CHARACTERS = 200;
/** Entries compared between two looks at the clock. */
const ENTRIES_A_LOOK = 256;

type ReadTree = (oid: string) => Promise<Tree>;

interface Frame {
  readonly prefix: string;
  readonly before: Tree | undefined;
  readonly after: Tree | undefined;
  i: number;
  j: number;
}

/**
 * Differences between two trees in path order (bytes of the full path). Equal subtrees are not read and equal entries
 * not decoded, so the cost is proportional to what differs, in directories that differ to the bytes of the listing;
 * nesting uses an explicit stack. Trees undefined count as empty. A change of mode alone, between the two modes of a
 * regular file, is no difference.
 */
export async function* diffTrees(
  read: ReadTree,
  before: string | undefined,
  after: string | undefined,
  slice: TimeSlice,
  signal?: AbortSignal,
): AsyncGenerator<TreeChange, void, void> {
  const enter = async (
    prefix: string,
    left: string | undefined,
    right: string | undefined,
  ): Promise<Frame> => {
    const [a, b] = await Promise.all([left ? read(left) : undefined, right ? read(right) : undefined]);
    return { prefix, before: a, after: b, i: 0, j: 0 };
  };
  if (before === after) return;
  const stack = [await enter('', before, after)];
  let steps = 0;
  for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
    if (steps++ % ENTRIES_A_LOOK === 0) {
      throwIfAborted(signal);
      if (slice.isOver) await slice.pause();
    }
    const { before: a, after: b } = frame;
    const hasLeft = a !== undefined && frame.i < a.length;
    const hasRight = b !== undefined && frame.j < b.length;
    if (!hasLeft && !hasRight) {
      stack.pop();
      continue;
    }
    const order = hasLeft && hasRight ? a.compare(frame.i, b, frame.j) : hasLeft ? -1 : 1;
    if (order === 0 && a!.isSame(frame.i, b!, frame.j)) {
      frame.i++;
      frame.j++;
      continue;
    }
    const left = order <= 0 ? a!.entry(frame.i++) : undefined;
    const right = order >= 0 ? b!.entry(frame.j++) : undefined;
    throwIfAborted(signal);

    const path = frame.prefix + (right ?? left)!.name;
    if (path.length > MAX_PATH_LENGTH) {
      const skip = 'unsafe_path' as const;
      const isFolder = (right ?? left)!.kind === 'tree';
      yield {
        path: shorten(path, isFolder),
        ...(left ? { skippedBefore: skip } : {}),
        ...(right ? { skip } : {}),
      };
      continue;
    }
    const leftTree = left?.kind === 'tree' ? left.oid : undefined;
    const rightTree = right?.kind === 'tree' ? right.oid : undefined;
    const change = { path, ...sideBefore(left), ...sideAfter(right) };
    if (Object.keys(change).length > 1) yield change;
    if (leftTree ?? rightTree) stack.push(await enter(`${path}/`, leftTree, rightTree));
  }
}

/** A long path's beginning and hash: still its own, with the backslash that no safe path holds. */
function shorten(path: string, isFolder: boolean): string {
  const hash = createHash('sha1').update(path).digest('hex').slice(0, 16);
  // By whole characters: half of one could not be stored.
  const shown = [...path.slice(0, 2 * SHOWN_CHARACTERS)].slice(0, SHOWN_CHARACTERS).join('');
  return `${shown}\\${hash}${isFolder ? '/' : ''}`;
}

function sideBefore(entry: TreeEntry | undefined): Pick<TreeChange, 'before' | 'skippedBefore'> {
  if (!entry || entry.kind === 'tree') return {};
  return entry.kind === 'blob' ? { before: entry.oid } : { skippedBefore: entry.kind };
}

function sideAfter(entry: TreeEntry | undefined): Pick<TreeChange, 'after' | 'skip'> {
  if (!entry || entry.kind === 'tree') return {};
  return entry.kind === 'blob' ? { after: entry.oid } : { skip: entry.kind };
}
