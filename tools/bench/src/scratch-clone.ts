import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Commits need an author, on any machine. */
export const GIT_ENVIRONMENT = {
  ...process.env,
  GIT_AUTHOR_NAME: 'Bench',
  GIT_AUTHOR_EMAIL: 'bench@example.invalid',
  GIT_COMMITTER_NAME: 'Bench',
  GIT_COMMITTER_EMAIL: 'bench@example.invalid',
};

/** A clone of a repository to work in; the original is only read. */
export class ScratchClone {
  private constructor(
    /** Holds the clone, and what else is to go with it. */
    readonly folder: string,
    readonly root: string,
  ) {}

  static of(path: string): ScratchClone {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'repoformer-bench-')));
    const root = join(folder, 'clone');
    execFileSync('git', ['clone', '--quiet', '--local', '--no-tags', path, root], { stdio: 'inherit' });
    return new ScratchClone(folder, root);
  }

  /**
   * Adds altered copies of the sources until there are so many lines in them. Names that few files have get another
   * spelling in each copy, so that the copies are like other projects in the same languages.
   */
  enlarge(lines: number): void {
    const sources = this.sources().map((path) => ({ path, text: this.read(path) }));
    const own = sources.reduce((sum, { text }) => sum + text.split('\n').length, 0);
    const common = commonWords(sources.map(({ text }) => text));
    const branch = this.git('symbolic-ref', 'HEAD');
    const message = 'enlarge';
    const parts = [
      `commit ${branch}\ncommitter Bench <bench@example.invalid> 0 +0000\ndata ${message.length}\n${message}\n`,
      `from ${branch}^0\n`,
    ];
    const input = join(this.folder, 'copies');
    writeFileSync(input, parts.join(''));
    for (let copy = 2; (copy - 1) * own < lines; copy++) {
      for (const { path, text } of sources) {
        const altered = text.replace(/\w+/g, (word) => (common.has(word) ? word : `${word}_${copy}`));
        const bytes = Buffer.byteLength(altered);
        appendFileSync(input, `M 100644 inline "copy-${copy}/${quote(path)}"\ndata ${bytes}\n${altered}\n`);
      }
    }
    const file = openSync(input, 'r');
    execFileSync('git', ['-c', 'core.compression=1', 'fast-import', '--quiet', '--depth=0'], {
      cwd: this.root,
      stdio: [file, 'ignore', 'inherit'],
    });
    closeSync(file);
    rmSync(input);
    this.git('reset', '--quiet', '--hard');
  }

  git(...args: string[]): string {
    return execFileSync('git', ['-c', 'gc.auto=0', '-c', 'core.hooksPath=/dev/null', ...args], {
      cwd: this.root,
      env: GIT_ENVIRONMENT,
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      stdio: ['ignore', 'pipe', 'inherit'],
    }).trim();
  }

  /** Tracked source files, in order of path. */
  sources(): string[] {
    const source = /\.(py|[cm]?[jt]sx?|java|go|rs|c|cc|cpp|h|hpp|cs|rb|kt|swift)$/;
    return this.git('ls-files', '-z')
      .split('\0')
      .filter((path) => source.test(path));
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  /** Appends a line to each file. */
  append(paths: readonly string[], mark: string): void {
    for (const path of paths) writeFileSync(join(this.root, path), `${this.read(path)}\n${mark}\n`);
  }

  /** Appends a line to each file and commits. */
  edit(paths: readonly string[], mark: string): void {
    this.append(paths, mark);
    this.git('commit', '--all', '--quiet', '--no-verify', '--message', mark);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Words that at least one of two hundred files has. */
function commonWords(texts: readonly string[]): Set<string> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of new Set(text.match(/\w+/g) ?? [])) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, count]) => count * 200 >= texts.length).map(([word]) => word));
}

/** As git quotes paths. */
function quote(path: string): string {
  return path.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n');
}
