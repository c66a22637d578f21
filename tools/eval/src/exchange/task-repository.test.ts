import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openCorpusIndex, runCommand, writeRepository } from '@repoformer/dataset';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTaskRepository } from './task-repository.js';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-tasks-'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

const signal = new AbortController().signal;
const put = async (path: string, text: string) => {
  await mkdir(dirname(join(base, path)), { recursive: true });
  await writeFile(join(base, path), text);
};
const open = (name = 'repoeval:pkg') =>
  openTaskRepository(name, join(base, 'pkg'), join(base, 'cache'), signal);
const filesOf = async (root: string) => {
  const args = ['ls-tree', '-r', '--name-only', 'HEAD'];
  const { stdout } = await runCommand('git', args, { cwd: root, env: process.env, timeoutMs: 10_000 });
  return stdout.toString('utf8').trim().split('\n');
};

describe('openTaskRepository', () => {
  it('makes the sources of a folder a repository elsewhere, and leaves the folder as it is', async () => {
    await put('pkg/a.py', 'a = 1\n');
    await put('pkg/sub/b.ts', 'let b = 1;\n');
    await put('pkg/logo.png', 'png');
    await put('secret.py', 'outside = 1\n');
    await symlink(join(base, 'secret.py'), join(base, 'pkg', 'link.py'));
    const { root, name, commit } = await open();
    expect(name).toBe('repoeval:pkg');
    expect(root.startsWith(join(base, 'cache'))).toBe(true);
    expect(await filesOf(root)).toEqual(['a.py', 'sub/b.ts']);
    expect((await readdir(join(base, 'pkg'))).sort()).toEqual(['a.py', 'link.py', 'logo.png', 'sub']);
    expect((await open()).commit).toBe(commit);
  });

  it('can be searched', async () => {
    await put('pkg/a.py', 'def find_words(text):\n    return text.split()\n');
    await put('pkg/b.py', 'def count_words(text):\n    return len(text.split())\n');
    const index = await openCorpusIndex((await open()).root);
    try {
      const query = { path: 'b.py', prefix: 'def find_words(text):\n', suffix: '', topK: 3 };
      const { chunks } = await index.retrieve({ ...query, retriever: 'bm25', alignment: 'matched' });
      expect(chunks.map(({ path }) => path)).toEqual(['a.py']);
    } finally {
      await index.close();
    }
  });

  it('takes a git repository as it is committed, but none that the folder merely lies in', async () => {
    const bytes = readFileSync(new URL(import.meta.url));
    const commit = await writeRepository(join(base, 'pkg'), 'pkg', [{ path: 'kept.ts', bytes }]);
    await put('pkg/uncommitted.ts', 'let a = 1;\n');
    expect(await open()).toMatchObject({ root: join(base, 'pkg'), commit });
    await put('pkg/inner/c.py', 'c = 1\n');
    const inner = await openTaskRepository('inner', join(base, 'pkg/inner'), join(base, 'cache'), signal);
    expect(await filesOf(inner.root)).toEqual(['c.py']);
  });

  it('says when there is no source', async () => {
    await put('pkg/readme.txt', 'nothing');
    await expect(open()).rejects.toMatchObject({
      kind: 'failed_precondition',
      message: expect.stringContaining('no source file'),
    });
  });
});
