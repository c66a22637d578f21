import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import type { Scratch } from './scratch-repository.js';

/** Names that collide as file and folder, by case, by normal form and by what the index leaves out. */
const PATHS = [
  ...['a.ts', 'b.ts', 'A.ts', 'dir', 'dir/a.ts', 'dir/b.ts', 'dir/deep/c.ts', 'dir-x.ts', 'vendor/v.ts'],
  ...['sp ace "q".ts', 'n\u00e9e.ts', 'ne\u0301e.ts', 'tab\t.ts', 'new\nline.ts', 'link', 'sub', 'sub/x.ts'],
];
const RULES = [
  ['.repoformerignore', '*.ts\n!a.ts\n'],
  ['dir/.repoformerignore', 'deep/\n'],
  ['.gitattributes', 'b.ts linguist-generated\nvendor/* -linguist-vendored\n* text=auto eol=crlf\n'],
  ['.gitignore', 'dir/deep/\n'],
] as const;
const BRANCHES = ['main', 'side', 'topic'];
const TARGETS = ['a.ts', '../../../etc/passwd', 'dir', '/etc/passwd', 'link'];

const path = fc.constantFrom(...PATHS);
const branch = fc.constantFrom(...BRANCHES);
const back = fc.integer({ min: 0, max: 3 });
/** What a file holds: many lines that delta well, few words, so that searches find several. */
const content = fc
  .record({ topic: fc.constantFrom('user', 'cart', 'order'), edit: fc.nat(40), lines: fc.nat(60) })
  .map(({ topic, edit, lines }) =>
    Array.from({ length: lines }, (_, n) => `${n === edit ? 'edited' : 'get'} ${topic} line_${n}\n`).join(''),
  );

const files = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), path, content }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('rules' as const), rule: fc.constantFrom(...RULES) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('rename' as const), path, to: path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('copy' as const), path, to: path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('chmod' as const), path }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('symlink' as const),
      path,
      target: fc.constantFrom(...TARGETS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('submodule' as const), path }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'submodule-commit' as const }) },
);

const commits = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'amend' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('branch' as const), branch }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('switch' as const), branch }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('orphan' as const), branch }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('detach' as const), back }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset-hard' as const), back }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset-soft' as const), back }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('merge' as const), branch }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rebase' as const), branch }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cherry-pick' as const), branch }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'stash' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'stash-pop' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sparse' as const), on: fc.boolean() }) },
);

const storage = fc.constantFrom(
  ...(['gc', 'expire', 'repack', 'loosen', 'prune-packed', 'pack-refs', 'commit-graph'] as const),
  ...(['multi-pack-index', 'push', 'fetch', 'force-push', 'deepen', 'unshallow'] as const),
  ...(['worktree-add', 'worktree-move', 'worktree-remove'] as const),
);

/** One thing that is done to a repository. */
export type HistoryStep =
  | (typeof files extends fc.Arbitrary<infer T> ? T : never)
  | (typeof commits extends fc.Arbitrary<infer T> ? T : never)
  | { readonly kind: typeof storage extends fc.Arbitrary<infer T> ? T : never };

/** Steps of every kind; those that cannot be done where they come do nothing. */
export const historyStep: fc.Arbitrary<HistoryStep> = fc.oneof(
  { weight: 5, arbitrary: files },
  { weight: 5, arbitrary: commits },
  { weight: 3, arbitrary: storage.map((kind) => ({ kind })) },
);

/** Made once and copied for each history: making them takes a dozen runs of git. */
function makeTemplate(scratch: Scratch): string {
  const template = 'history-template';
  if (existsSync(scratch.path(template))) return template;
  const seed = `${template}/seed`;
  scratch.init(seed);
  for (let n = 0; n < 4; n++) {
    scratch.write(`${seed}/a.ts`, `get user ${n}\nset cart\n`);
    scratch.write(`${seed}/dir/b.ts`, `order ${n}\n`.repeat(30));
    scratch.commit(seed, `seed ${n}`);
    if (n === 1) scratch.git(seed, 'branch', 'side');
  }
  scratch.git(seed, 'checkout', '-q', '-b', 'topic', 'side');
  scratch.write(`${seed}/dir/a.ts`, 'set topic order\n'.repeat(20));
  scratch.commit(seed, 'topic');
  scratch.git(seed, 'checkout', '-q', 'main');
  scratch.git('.', 'clone', '-q', '--bare', seed, `${template}/origin.git`);
  scratch.init(`${template}/library`);
  scratch.write(`${template}/library/lib.ts`, 'library\n');
  scratch.commit(`${template}/library`);
  return template;
}

/** A clone of a small repository, an upstream that others push to, and linked worktrees. */
export class RandomHistory {
  readonly #scratch: Scratch;
  readonly #base: string;
  /** Paths of linked worktrees below the base, whether they are still there or not. */
  readonly #worktrees: string[] = [];
  #worktreesMade = 0;
  #pushes = 0;

  /** @param shallow how many commits the clone begins with; 0: all */
  constructor(scratch: Scratch, shallow: number) {
    this.#scratch = scratch;
    const template = makeTemplate(scratch);
    this.#base = mkdtempSync(scratch.path('history-')).slice(scratch.directory.length + 1);
    for (const name of ['origin.git', 'library'])
      cpSync(scratch.path(template, name), this.#path(name), { recursive: true });
    const depth = shallow > 0 ? [`--depth=${shallow}`, '--no-single-branch'] : [];
    this.#git('.', 'clone', '-q', ...depth, `file://${this.#path('origin.git')}`, 'work');
    for (const name of ['side', 'topic']) this.#git('work', 'branch', name, `origin/${name}`);
  }

  /** Absolute path of the repository that the steps are done in. */
  get root(): string {
    return this.#path('work');
  }

  /** Absolute paths of the working trees that there are: the repository's own first. */
  get roots(): string[] {
    return [this.root, ...this.#worktrees.map((name) => this.#path(name))].filter(existsSync);
  }

  /** Paths of repositories in the working tree. */
  get submodules(): string[] {
    return PATHS.filter((path) => existsSync(join(this.#file(path), '.git')));
  }

  remove(): void {
    rmSync(this.#path('.'), { recursive: true, force: true });
  }

  /** Runs git in a working tree of this history; its output as bytes. @throws when git fails */
  git(root: string, args: readonly string[], input?: string): Buffer {
    return this.#scratch.gitBytes(root.slice(this.#scratch.directory.length + 1), args, input);
  }

  /** Oid of HEAD's commit; undefined on an unborn branch. */
  head(root = this.root): string | undefined {
    try {
      return this.git(root, ['rev-parse', '--verify', '-q', 'HEAD']).toString().trim();
    } catch {
      return undefined;
    }
  }

  apply(step: HistoryStep): void {
    switch (step.kind) {
      case 'write':
        return this.#put(step.path, (place) => writeFileSync(place, step.content));
      case 'rules':
        return this.#put(step.rule[0], (place) => writeFileSync(place, step.rule[1]));
      case 'symlink':
        return this.#put(step.path, (place) => symlinkSync(step.target, place));
      case 'submodule':
        return this.#put(step.path, (place) => cpSync(this.#path('library'), place, { recursive: true }));
      case 'submodule-commit': {
        const [path] = this.submodules;
        if (path !== undefined)
          this.#git(join('work', path), 'commit', '-q', '--allow-empty', '-m', 'moved on');
        return;
      }
      case 'remove':
        return discard(this.#file(step.path));
      case 'rename':
      case 'copy':
        return this.#move(step.path, step.to, step.kind === 'copy');
      case 'chmod': {
        const stat = lookAt(this.#file(step.path));
        if (stat?.isFile()) chmodSync(this.#file(step.path), stat.mode ^ 0o100);
        return;
      }
      case 'commit':
        return this.#all(['add', '-A', '--sparse'], ['commit', '-q', '--allow-empty', '-m', 'change']);
      case 'amend':
        return this.#all(
          ['add', '-A', '--sparse'],
          ['commit', '-q', '--amend', '--no-edit', '--allow-empty'],
        );
      case 'branch':
        return this.#all(['checkout', '-q', '-B', step.branch]);
      case 'switch':
        return this.#all(['checkout', '-q', '-f', step.branch]);
      case 'orphan':
        return this.#all(
          ['update-ref', '-d', `refs/heads/${step.branch}`],
          ['checkout', '-q', '--orphan', step.branch],
        );
      case 'detach':
        return this.#all(['checkout', '-q', '-f', '--detach', `HEAD~${step.back}`]);
      case 'reset-hard':
        return this.#all(['reset', '-q', '--hard', `HEAD~${step.back}`]);
      case 'reset-soft':
        return this.#all(['reset', '-q', '--soft', `HEAD~${step.back}`]);
      case 'merge':
        return this.#orUndo(
          ['merge', '-q', '-m', 'merge', '-X', 'ours', step.branch],
          ['reset', '-q', '--merge'],
        );
      case 'rebase':
        return this.#orUndo(
          ['rebase', '-q', '--autostash', '-X', 'theirs', step.branch],
          ['rebase', '--abort'],
        );
      case 'cherry-pick':
        return this.#orUndo(['cherry-pick', '--allow-empty', step.branch], ['cherry-pick', '--abort']);
      case 'stash':
        return this.#all(['stash', '-q', '--include-untracked']);
      case 'stash-pop':
        return this.#orUndo(['stash', 'pop', '-q'], ['reset', '-q', '--hard']);
      case 'sparse':
        return this.#all(['sparse-checkout', ...(step.on ? ['set', 'vendor'] : ['disable'])]);
      case 'gc':
        return this.#all(['gc', '-q', '--prune=now']);
      case 'expire':
        // What no reference leads to is gone: the indexed commit may be.
        return this.#all(['reflog', 'expire', '--expire=now', '--all'], ['gc', '-q', '--prune=now']);
      case 'repack':
        return this.#all(['repack', '-adfq', '--depth=200']);
      case 'loosen':
        return this.#loosen();
      case 'prune-packed':
        return this.#all(['repack', '-q'], ['prune-packed', '-q']);
      case 'pack-refs':
        return this.#all(['pack-refs', '--all', '--prune']);
      case 'commit-graph':
        return this.#all(['commit-graph', 'write', '--reachable']);
      case 'multi-pack-index':
        return this.#all(['multi-pack-index', 'write'], ['multi-pack-index', 'repack']);
      case 'fetch':
        return this.#all(['fetch', '-q', '--prune'], ['reset', '-q', '--hard', 'origin/main']);
      case 'push':
        return this.#pushElsewhere('HEAD');
      case 'force-push':
        this.#pushElsewhere('HEAD~1');
        return this.#all(['fetch', '-q'], ['reset', '-q', '--hard', 'origin/main']);
      case 'deepen':
        return this.#all(['fetch', '-q', '--deepen=1']);
      case 'unshallow':
        return this.#all(['fetch', '-q', '--unshallow']);
      case 'worktree-add': {
        const name = `tree-${this.#worktreesMade++}`;
        this.#worktrees.push(name);
        return this.#all(['worktree', 'add', '-q', '-f', '--detach', `../${name}`]);
      }
      case 'worktree-move': {
        const from = this.#lastWorktree();
        if (from === undefined) return;
        const to = `tree-${this.#worktreesMade++}`;
        this.#worktrees.push(to);
        return this.#all(['worktree', 'move', `../${from}`, `../${to}`]);
      }
      case 'worktree-remove': {
        const name = this.#lastWorktree();
        if (name !== undefined) this.#all(['worktree', 'remove', '--force', `../${name}`]);
        return;
      }
    }
  }

  #lastWorktree(): string | undefined {
    return this.#worktrees.filter((name) => existsSync(this.#path(name))).at(-1);
  }

  #path(...parts: string[]): string {
    return this.#scratch.path(this.#base, ...parts);
  }

  #file(path: string): string {
    return this.#path('work', path);
  }

  #git(where: string, ...args: string[]): void {
    this.#scratch.gitBytes(join(this.#base, where), ['-c', 'advice.addEmbeddedRepo=false', ...args]);
  }

  /** Runs one command after the other until one fails. */
  #all(...commands: string[][]): void {
    try {
      for (const command of commands) this.#git('work', ...command);
    } catch {
      // A step that git refuses here, such as a merge with a branch that does not exist.
    }
  }

  #orUndo(command: string[], undo: string[]): void {
    try {
      this.#git('work', ...command);
    } catch {
      this.#all(undo);
    }
  }

  /** Makes way for a path, whatever is there or above it. */
  #put(path: string, make: (place: string) => void): void {
    const place = this.#file(path);
    discard(place);
    for (let parent = dirname(place); parent !== this.root; parent = dirname(parent)) {
      if (lookAt(parent)?.isDirectory() === false) rmSync(parent);
    }
    mkdirSync(dirname(place), { recursive: true });
    make(place);
  }

  #move(from: string, to: string, keep: boolean): void {
    const source = this.#file(from);
    if (!existsSync(source) || `${from}/`.startsWith(`${to}/`) || `${to}/`.startsWith(`${from}/`)) return;
    if (keep && !statSync(source).isFile()) return;
    this.#put(to, (place) => (keep ? cpSync(source, place) : renameSync(source, place)));
  }

  /** Every packed object becomes a loose file. */
  #loosen(): void {
    const packs = this.#path('work', '.git', 'objects', 'pack');
    const aside = this.#path('aside');
    rmSync(aside, { recursive: true, force: true });
    renameSync(packs, aside);
    mkdirSync(packs);
    for (const name of readdirSync(aside).filter((file) => file.endsWith('.pack'))) {
      this.#scratch.gitBytes(
        join(this.#base, 'work'),
        ['unpack-objects', '-q'],
        readFileSync(join(aside, name)),
      );
    }
  }

  /** Somebody else commits on top of a commit of the upstream branch, and pushes; the next fetch brings it. */
  #pushElsewhere(onto: string): void {
    const other = 'other';
    if (!existsSync(this.#path(other))) this.#git('.', 'clone', '-q', 'origin.git', other);
    this.#git(other, 'reset', '-q', '--hard', onto);
    writeFileSync(this.#path(other, 'pushed.ts'), `pushed order ${this.#pushes++}\n`.repeat(20));
    this.#git(other, 'add', '-A');
    this.#git(other, 'commit', '-q', '-m', 'pushed');
    this.#git(other, 'push', '-q', '--force', 'origin', 'HEAD:main');
  }
}

/** What is there, be it a link; undefined where nothing is. */
export function lookAt(place: string): Stats | undefined {
  try {
    return lstatSync(place);
  } catch {
    // Not there, or below something that is no folder.
    return undefined;
  }
}

function discard(place: string): void {
  if (lookAt(place)) rmSync(place, { recursive: true, force: true });
}
