import { spawnSync } from 'node:child_process';
import { mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCorpusTexts } from './corpus-repository.js';
import { openLocalRepository } from './local-repository.js';
import { sourceText, temporaryDirectory, writeFiles } from './testing.js';

let directory: string;
beforeEach(() => (directory = realpathSync(temporaryDirectory())));
afterEach(() => rmSync(directory, { recursive: true }));

const git = (...args: string[]) => spawnSync('git', args, { cwd: directory, encoding: 'utf8' }).stdout.trim();
const commit = () => {
  git('add', '--all');
  git('-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '-qm', 'x');
};

describe('openLocalRepository', () => {
  it('takes the committed sources of a repository, from any folder in it', async () => {
    git('init', '-q');
    writeFiles(directory, {
      'src/größe.py': sourceText('a'),
      'web/b.ts': sourceText('b'),
      'node_modules/c/c.js': sourceText('c'),
      'README.md': 'text',
    });
    symlinkSync('b.ts', join(directory, 'web/link.ts'));
    commit();
    writeFiles(directory, { 'src/later.py': sourceText('later') });
    const opened = await openLocalRepository(join(directory, 'src'), 'train');
    expect(opened).toMatchObject({
      split: 'train',
      root: directory,
      commit: git('rev-parse', 'HEAD'),
      licence: 'NOASSERTION',
      files: ['src/größe.py', 'web/b.ts'],
      dropped: { vendored: 1, other_language: 1 },
    });
    expect(opened.name).toMatch(/^path:repoformer-corpus-/);
    const texts = await readCorpusTexts(opened);
    expect(texts).toEqual([
      { path: 'src/größe.py', text: sourceText('a') },
      { path: 'web/b.ts', text: sourceText('b') },
    ]);
  });

  it('leaves the repository as it was', async () => {
    git('init', '-q');
    writeFiles(directory, { 'a.py': sourceText('a') });
    commit();
    const before = spawnSync('find', ['.git', '-newer', '.git/HEAD'], { cwd: directory }).stdout.toString();
    await openLocalRepository(directory, 'train', { languages: ['python'] });
    const after = spawnSync('find', ['.git', '-newer', '.git/HEAD'], { cwd: directory }).stdout.toString();
    expect(after).toBe(before);
  });

  it('says what is wrong with a folder that is none, is missing, or has no commit', async () => {
    await expect(openLocalRepository(directory, 'train')).rejects.toMatchObject({
      reason: 'NOT_A_REPOSITORY',
      message: expect.stringContaining(directory) as string,
    });
    await expect(openLocalRepository(join(directory, 'none'), 'train')).rejects.toMatchObject({
      reason: 'NOT_A_REPOSITORY',
    });
    mkdirSync(join(directory, 'sub'));
    git('init', '-q');
    await expect(openLocalRepository(directory, 'train')).rejects.toThrow(/has no commit/);
  });

  it('can be cancelled', async () => {
    git('init', '-q');
    const signal = AbortSignal.abort();
    await expect(openLocalRepository(directory, 'train', { signal })).rejects.toMatchObject({
      kind: 'cancelled',
    });
  });
});
