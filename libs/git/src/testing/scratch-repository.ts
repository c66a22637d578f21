import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Nothing of the machine's or the user's git configuration may reach a test. */
export function cleanGitEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    TMPDIR: tmpdir(),
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
  };
}

const FIXED_CONFIG = [
  ...['-c', 'init.defaultBranch=main', '-c', 'gc.auto=0', '-c', 'maintenance.auto=false'],
  ...['-c', 'protocol.file.allow=always', '-c', 'core.fsync=none', '-c', 'advice.detachedHead=false'],
];

/** A temporary folder with real git in it. */
export class Scratch {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), 'repoformer-git-')));

  /** Set for git on top of its clean environment. */
  readonly environment: Record<string, string> = {};

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /** Runs git in a folder below the scratch directory; returns its output as bytes. */
  gitBytes(where: string, args: readonly string[], input?: string | Buffer): Buffer {
    return execFileSync('git', [...FIXED_CONFIG, ...args], {
      cwd: this.path(where),
      env: { ...cleanGitEnvironment(this.directory), ...this.environment },
      maxBuffer: 1 << 28,
      stdio: ['pipe', 'pipe', 'pipe'],
      input: input ?? '',
    });
  }

  /** Like `gitBytes`, as text without the last line end. */
  git(where: string, ...args: string[]): string {
    return this.gitBytes(where, args).toString('utf8').replace(/\n$/, '');
  }

  init(where: string, ...args: string[]): string {
    mkdirSync(this.path(where), { recursive: true });
    this.git(where, 'init', '-q', ...args);
    return this.path(where);
  }

  write(path: string, content: string | Buffer): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), content);
  }

  /** Commits everything in the working tree; returns the commit's oid. */
  commit(where: string, message = 'change'): string {
    this.git(where, 'add', '-A');
    this.git(where, 'commit', '-q', '--allow-empty', '-m', message);
    return this.git(where, 'rev-parse', 'HEAD');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
