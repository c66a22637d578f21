import { throwIfAborted, type TreeChange } from '@repoformer/domain';
import type { TreeEntry } from './tree.js';

/** Longer paths cannot be opened on any usual system; the bound keeps hostile nesting cheap. */
const MAX_PATH_LENGTH = 4096;
/** The event loop gets a turn at least this often. */
const SLICE_MS = 10;

type ReadTree = (oid: string) => Promise<readonly TreeEntry[]>;

interface Frame {
  readonly prefix: string;
  readonly before: readonly TreeEntry[];
  readonly after: readonly TreeEntry[];
  i: number;
  j: number;
}

/**
 * Differences between two trees in path order (bytes of the full path). Equal subtrees are not read, so the
 * cost is proportional to what differs; nesting uses an explicit stack. Trees undefined count as empty.
 * A change of mode alone, between the two modes of a regular file, is no difference.
 */
export async function* diffTrees(
  read: ReadTree,
  before: string | undefined,
  after: string | undefined,
  signal?: AbortSignal,
): AsyncGenerator<TreeChange, void, void> {
  const enter = async (
    prefix: string,
    left: string | undefined,
    right: string | undefined,
  ): Promise<Frame> => {
    const [a, b] = await Promise.all([left ? read(left) : [], right ? read(right) : []]);
    return { prefix, before: a, after: b, i: 0, j: 0 };
  };
  if (before === after) return;
  const stack = [await enter('', before, after)];
  let sliceStart = performance.now();
  for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
    throwIfAborted(signal);
    if (performance.now() - sliceStart > SLICE_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      sliceStart = performance.now();
    }
    let left = frame.before[frame.i];
    let right = frame.after[frame.j];
    if (!left && !right) {
      stack.pop();
      continue;
    }
    if (left && right && left.key !== right.key) {
      if (left.key < right.key) right = undefined;
      else left = undefined;
    }
    if (left) frame.i++;
    if (right) frame.j++;
    if (left && right && left.oid === right.oid && left.kind === right.kind) continue;

    const name = (right ?? left)!.name;
    const path = frame.prefix + name;
    if (path.length > MAX_PATH_LENGTH) {
      const skip = 'unsafe_path' as const;
      yield { path, ...(left ? { skippedBefore: skip } : {}), ...(right ? { skip } : {}) };
      continue;
    }
    const leftTree = left?.kind === 'tree' ? left.oid : undefined;
    const rightTree = right?.kind === 'tree' ? right.oid : undefined;
    const change = { path, ...sideBefore(left), ...sideAfter(right) };
    if (Object.keys(change).length > 1) yield change;
    if (leftTree ?? rightTree) stack.push(await enter(`${path}/`, leftTree, rightTree));
  }
}

function sideBefore(entry: TreeEntry | undefined): Pick<TreeChange, 'before' | 'skippedBefore'> {
  if (!entry || entry.kind === 'tree') return {};
  return entry.kind === 'blob' ? { before: entry.oid } : { skippedBefore: entry.kind };
}

function sideAfter(entry: TreeEntry | undefined): Pick<TreeChange, 'after' | 'skip'> {
  if (!entry || entry.kind === 'tree') return {};
  return entry.kind === 'blob' ? { after: entry.oid } : { skip: entry.kind };
}
