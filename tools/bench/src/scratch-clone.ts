import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

  git(...args: string[]): string {
    return execFileSync('git', ['-c', 'gc.auto=0', '-c', 'core.hooksPath=/dev/null', ...args], {
      cwd: this.root,
      env: {
        ...process.env,
        GIT_AUTHOR_NAME: 'Bench',
        GIT_AUTHOR_EMAIL: 'bench@example.invalid',
        GIT_COMMITTER_NAME: 'Bench',
        GIT_COMMITTER_EMAIL: 'bench@example.invalid',
      },
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

  /** Appends a line to each file and commits. */
  edit(paths: readonly string[], mark: string): void {
    for (const path of paths) writeFileSync(join(this.root, path), `${this.read(path)}\n${mark}\n`);
    this.git('commit', '--all', '--quiet', '--no-verify', '--message', mark);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
