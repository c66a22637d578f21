import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { lookAt, type HistoryStep, type RandomHistory } from './random-history.js';

type Kind = HistoryStep['kind'];

const UPSTREAM = 'refs/remotes/origin/main';

/** Looks before a step is done; what it returns looks afterwards and says whether the step did what it is for. */
type Effect = (history: RandomHistory, step: HistoryStep) => () => boolean;

const changes =
  (look: (history: RandomHistory, step: HistoryStep) => unknown): Effect =>
  (history, step) => {
    const before = JSON.stringify(look(history, step));
    return () => JSON.stringify(look(history, step)) !== before;
  };

const both =
  (one: Effect, other: (history: RandomHistory, step: HistoryStep, head: string) => boolean): Effect =>
  (history, step) => {
    const head = refOf(history, 'HEAD') ?? '';
    const hasChanged = one(history, step);
    return () => hasChanged() && other(history, step, head);
  };

/** What is at the paths that a step names. */
const place: Effect = changes((history, step) =>
  [
    ...('path' in step ? [step.path] : []),
    ...('to' in step ? [step.to] : []),
    ...('rule' in step ? [step.rule[0]] : []),
  ].map((path) => describe(join(history.root, path))),
);
const head = changes((history) => refOf(history, 'HEAD'));
/** The branch that is checked out, or the commit. */
const checkedOut = changes((history) => [read(history, 'HEAD'), refOf(history, 'HEAD')]);
const stash = changes((history) => refOf(history, 'refs/stash'));
const packs = changes((history) => list(history, 'objects/pack'));
const upstream = changes((history) => refOf(history, UPSTREAM));
const shallow = changes((history) => read(history, 'shallow'));
const worktrees = changes((history) => [history.roots, list(history, 'worktrees')]);
const leftOut = changes((history) => ask(history, 'ls-files', '-t').match(/^S /gm)?.length);

/** By kind of step, what must have changed for the step to have done anything. */
const EFFECTS: Readonly<Record<Kind, Effect>> = {
  write: place,
  rules: place,
  remove: place,
  rename: place,
  copy: place,
  chmod: place,
  symlink: place,
  submodule: place,
  'submodule-commit': changes((history) =>
    history.submodules.map((path) => describe(join(history.root, path))),
  ),

  commit: head,
  amend: both(head, (history, _, before) => parents(history, 'HEAD') === parents(history, before)),
  branch: checkedOut,
  switch: checkedOut,
  orphan: both(checkedOut, (history) => refOf(history, 'HEAD') === undefined),
  detach: both(checkedOut, (history) => /^[0-9a-f]{40}$/.test(read(history, 'HEAD')!.trim())),
  'reset-hard': head,
  'reset-soft': head,
  // Not a fast-forward.
  merge: both(head, (history, _, before) => parents(history, 'HEAD').startsWith(`${before} `)),
  // Commits of our own were made anew on top of the branch.
  rebase: both(head, (history, step) => {
    const onto = 'branch' in step ? refOf(history, `refs/heads/${step.branch}`)! : '';
    return refOf(history, 'HEAD') !== onto && ask(history, 'merge-base', 'HEAD', onto) === onto;
  }),
  'cherry-pick': both(head, (history, _, before) => parents(history, 'HEAD') === before),
  stash: both(stash, (history) => ask(history, 'status', '--porcelain') === ''),
  'stash-pop': stash,
  sparse: leftOut,

  gc: packs,
  expire: changes((history) => ask(history, 'cat-file', '--batch-all-objects', '--batch-check')),
  repack: packs,
  loosen: both(packs, (history) => list(history, 'objects/pack').length === 0 && loose(history) > 0),
  'prune-packed': both(changes(loose), (history) => loose(history) === 0),
  'pack-refs': changes((history) => read(history, 'packed-refs')),
  'commit-graph': changes((history) => read(history, 'objects/info/commit-graph')),
  'multi-pack-index': changes((history) => read(history, 'objects/pack/multi-pack-index')),
  push: changes((history) => history.git(join(dirname(history.root), 'origin.git'), ['rev-parse', 'main'])),
  fetch: upstream,
  // What we had of the upstream branch leads no further, and what replaced it is here.
  'force-push': (history) => {
    const before = refOf(history, UPSTREAM)!;
    return () =>
      refOf(history, 'HEAD') === refOf(history, UPSTREAM) &&
      ask(history, 'merge-base', before, 'HEAD') !== before;
  },
  deepen: shallow,
  unshallow: both(shallow, (history) => read(history, 'shallow') === undefined),
  'worktree-add': worktrees,
  'worktree-move': worktrees,
  'worktree-remove': worktrees,
};

/** What commits bring into the tree, as git lists it: modes before and after, oids, status. */
const COMMITTED: Readonly<Record<string, RegExp>> = {
  'a file in a commit': /^:000000 100644 .* A/m,
  'a removal in a commit': /^:100644 000000 .* D/m,
  'a rename in a commit': /^:\d+ \d+ .* R/m,
  'a change of mode in a commit': /^:(100644 100755|100755 100644) /m,
  'a symlink in a commit': /^:\d+ 120000 /m,
  'a submodule in a commit': /^:(?!160000)\d+ 160000 /m,
  'a submodule moved on in a commit': /^:160000 160000 .* M/m,
};

/** Does steps, and counts by kind those that did what they are for. */
export class StepEffects {
  readonly #counts = new Map<string, number>();

  apply(history: RandomHistory, step: HistoryStep): void {
    const former = refOf(history, 'HEAD');
    const isDone = EFFECTS[step.kind](history, step);
    history.apply(step);
    if (!isDone()) return;
    this.#count(step.kind);
    if (step.kind !== 'commit' || former === undefined) return;
    const changed = ask(history, 'diff-tree', '-r', '-M', former, 'HEAD');
    for (const [what, line] of Object.entries(COMMITTED)) if (line.test(changed)) this.#count(what);
  }

  /** What never came about. */
  missing(): string[] {
    return [...Object.keys(EFFECTS), ...Object.keys(COMMITTED)].filter((what) => !this.#counts.has(what));
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }
}

/** What git says, without the line end; empty where it refuses. */
function ask(history: RandomHistory, ...args: string[]): string {
  try {
    return history.git(history.root, args).toString().trim();
  } catch {
    return '';
  }
}

const parents = (history: RandomHistory, commit: string): string =>
  ask(history, 'show', '-s', '--format=%P', commit);

/** The commit that a reference leads to, without a run of git: there are many to be looked up. */
function refOf(history: RandomHistory, name: string): string | undefined {
  const text = read(history, name)?.trim();
  if (text?.startsWith('ref: ')) return refOf(history, text.slice(5));
  return text ?? new RegExp(`^([0-9a-f]{40}) ${name}$`, 'm').exec(read(history, 'packed-refs') ?? '')?.[1];
}

/** A file of the git directory. */
function read(history: RandomHistory, name: string): string | undefined {
  try {
    return readFileSync(join(history.root, '.git', name), 'latin1');
  } catch {
    return undefined;
  }
}

function list(history: RandomHistory, folder: string): string[] {
  try {
    return readdirSync(join(history.root, '.git', folder));
  } catch {
    return [];
  }
}

/** How many objects are files of their own. */
function loose(history: RandomHistory): number {
  return list(history, 'objects')
    .filter((name) => name.length === 2)
    .reduce((sum, name) => sum + list(history, `objects/${name}`).length, 0);
}

function describe(path: string): string {
  const stat = lookAt(path);
  if (stat === undefined) return '';
  if (stat.isSymbolicLink()) return `link ${readlinkSync(path)}`;
  if (stat.isFile()) return `file ${stat.mode} ${readFileSync(path, 'latin1')}`;
  // A submodule's commits are told by its reflog.
  const log = join(path, '.git', 'logs', 'HEAD');
  return `folder ${lookAt(log)?.size}`;
}
