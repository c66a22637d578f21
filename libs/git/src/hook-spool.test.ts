import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HookSpool, type HookNotice } from './hook-spool.js';
import { Scratch } from './testing/scratch-repository.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());

let number = 0;
let spool: HookSpool;

beforeEach(async () => {
  spool = new HookSpool(scratch.path(`spool ${++number}`), { pollMs: 50 });
  await spool.create();
});

const drop = (name: string, content: string): void => writeFileSync(join(spool.directory, name), content);

describe('HookSpool', () => {
  it('is for this user only', () => {
    expect(statSync(spool.directory).mode & 0o777).toBe(0o700);
  });

  it('takes each different notice once and leaves what is not its own', async () => {
    drop('1-1-post-commit.notice', 'post-commit\0/repo\0.git\0');
    drop('2-1-post-commit.notice', 'post-commit\0/repo\0.git\0');
    drop('3-1-post-merge.notice', 'post-merge\0/re\npo\0\0');
    drop('readme.txt', 'mine');
    drop('4-1-post-commit.tmp', 'being written');
    drop('5-1-post-commit.tmp', 'left by a crash');
    utimesSync(join(spool.directory, '5-1-post-commit.tmp'), 1, 1);
    const notices = await spool.drain();
    expect(notices).toHaveLength(2);
    expect(notices).toContainEqual({ directory: '/repo', cause: 'post-commit', gitDirectory: '/repo/.git' });
    expect(notices).toContainEqual({ directory: '/re\npo', cause: 'post-merge' });
    expect(readdirSync(spool.directory).sort()).toEqual(['4-1-post-commit.tmp', 'readme.txt']);
    expect(await spool.drain()).toEqual([]);
  });

  it('deletes junk unread', async () => {
    const junk = [
      '',
      'post-commit',
      'rm -rf\0/repo\0\0',
      'post-commit\0relative\0\0',
      'post-commit\0/repo\0\0more\0',
      'x'.repeat(20_000),
    ];
    junk.forEach((content, index) => drop(`${index}-1-post-commit.notice`, content));
    writeFileSync(scratch.path('target'), 'post-commit\0/linked\0\0');
    symlinkSync(scratch.path('target'), join(spool.directory, '90-1-post-commit.notice'));
    execFileSync('mkfifo', [join(spool.directory, '91-1-post-commit.notice')]);
    mkdirSync(join(spool.directory, '92-1-post-commit.notice'));
    expect(await spool.drain()).toEqual([]);
    expect(readdirSync(spool.directory)).toEqual(['92-1-post-commit.notice']);
    expect(existsSync(scratch.path('target'))).toBe(true);
  });

  it('has nothing when its folder is gone', async () => {
    rmSync(spool.directory, { recursive: true });
    expect(await spool.drain()).toEqual([]);
  });

  it('hands on notices as they come, those waiting included, and comes back after its folder is deleted', async () => {
    drop('1-1-post-commit.notice', 'post-commit\0/waiting\0\0');
    const controller = new AbortController();
    onTestFinished(() => controller.abort());
    const seen: string[] = [];
    const receive = ({ directory }: HookNotice): void => {
      seen.push(directory);
      throw new Error('a receiver that fails');
    };
    spool.watch(receive, controller.signal);
    await vi.waitFor(() => expect(seen).toEqual(['/waiting']));
    drop('2-1-post-commit.notice', 'post-commit\0/second\0\0');
    await vi.waitFor(() => expect(seen).toEqual(['/waiting', '/second']));
    rmSync(spool.directory, { recursive: true });
    await vi.waitFor(() => expect(existsSync(spool.directory)).toBe(true), { timeout: 5000 });
    drop('3-1-post-commit.notice', 'post-commit\0/third\0\0');
    await vi.waitFor(() => expect(seen).toEqual(['/waiting', '/second', '/third']), { timeout: 5000 });
    controller.abort();
    drop('4-1-post-commit.notice', 'post-commit\0/late\0\0');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(seen).toHaveLength(3);
  });
});
