import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Split } from '../record.js';
import { openLocalRepository } from './local-repository.js';
import { printRepositories, proveDisjoint } from './prove-disjoint.js';
import { sourceText, temporaryDirectory, writeFiles } from './testing.js';

let directory: string;
beforeEach(() => (directory = temporaryDirectory()));
afterEach(() => rmSync(directory, { recursive: true }));

const git = (root: string, ...args: string[]) => {
  const { status, stderr } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
};

async function repository(name: string, split: Split, files: Record<string, string>) {
  const root = join(directory, name.replace(/\W/g, '_'));
  writeFiles(root, files);
  git(root, 'init', '-q');
  git(root, 'add', '.');
  git(root, '-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '-qm', 'x');
  return openLocalRepository(root, split, { name });
}

/** A copy with some of its words replaced. */
const edited = (text: string, edits: number) => {
  let left = edits;
  return text.replace(/\w{8}/g, (word) => (left-- > 0 ? `${word}x` : word));
};

describe('proveDisjoint', () => {
  it('finds planted copies, exact and near, wherever they lie', async () => {
    const shared = sourceText('shared', 40);
    const tuned = sourceText('tuned', 40);
    const corpus = [
      await repository('npm:learns@1.0.0', 'train', {
        'own.py': sourceText('own'),
        'exact.py': `${shared}\n\n`,
        'deep/near.py': edited(tuned, 4),
        'far.py': edited(sourceText('shared', 40), 60),
      }),
      await repository('npm:tunes@1.0.0', 'calibration', {
        'a.py': tuned,
        'b.py': shared.replace(/^/gm, ' '),
      }),
      await repository('npm:judges@1.0.0', 'benchmark', { 'src/a.py': shared }),
    ];
    const judged = { repository: 'npm:judges@1.0.0', path: 'src/a.py' };
    const violations = proveDisjoint(await printRepositories(corpus));
    expect(violations).toEqual([
      { kind: 'content', repository: 'npm:tunes@1.0.0', path: 'b.py', of: judged, similarity: 1 },
      {
        kind: 'near',
        repository: 'npm:learns@1.0.0',
        path: 'deep/near.py',
        of: { repository: 'npm:tunes@1.0.0', path: 'a.py' },
        similarity: expect.any(Number) as number,
      },
      { kind: 'content', repository: 'npm:learns@1.0.0', path: 'exact.py', of: judged, similarity: 1 },
    ]);
    expect(violations[1]!.similarity).toBeGreaterThan(0.8);
    expect(violations[1]!.similarity).toBeLessThan(1);
  });

  it('finds one project under two names, whatever the registry', async () => {
    const corpus = [
      await repository('pypi:markdown-it-py@3.0.0', 'train', { 'a.py': sourceText('a') }),
      await repository('npm:@scope/core@1.0.0', 'train', { 'a.py': sourceText('b') }),
      await repository('npm:markdown-it@14.0.0', 'benchmark', { 'a.py': sourceText('c') }),
      await repository('npm:@other/core@1.0.0', 'calibration', { 'a.py': sourceText('d') }),
    ];
    expect(proveDisjoint(await printRepositories(corpus))).toEqual([
      { kind: 'name', repository: 'pypi:markdown-it-py@3.0.0', of: { repository: 'npm:markdown-it@14.0.0' } },
    ]);
  });

  it('says nothing of copies within a split', async () => {
    const corpus = [
      await repository('npm:a@1.0.0', 'train', { 'a.py': sourceText('a'), 'b.py': sourceText('a') }),
      await repository('npm:b@1.0.0', 'train', { 'a.py': sourceText('a') }),
    ];
    expect(proveDisjoint(await printRepositories(corpus))).toEqual([]);
  });

  it('looks at what is committed, not at the folder', async () => {
    const learns = await repository('npm:learns@1.0.0', 'train', { 'a.py': sourceText('shared') });
    const judges = await repository('npm:judges@1.0.0', 'benchmark', { 'a.py': sourceText('shared') });
    writeFiles(learns.root, { 'a.py': 'changed = True\n' });
    expect(proveDisjoint(await printRepositories([learns, judges]))).toMatchObject([{ kind: 'content' }]);
  });
});
