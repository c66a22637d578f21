import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalRepository, writeRepository, type CorpusRepository } from '@repoformer/dataset';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openServedIndex } from './served-index.js';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'repoformer-served-'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

const signal = new AbortController().signal;
async function repositoryOf(name: string, files: Record<string, string>): Promise<CorpusRepository> {
  const root = join(base, name);
  const entries = Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
  await writeRepository(root, name, entries);
  return openLocalRepository(root, 'benchmark');
}

describe('openServedIndex', () => {
  it('holds several repositories at once, and finds in each its own', async () => {
    const text = (name: string) => `def read_${name}(path):\n    return open(path).read()\n`;
    const repositories = [
      await repositoryOf('one', { 'a.py': text('a') }),
      await repositoryOf('two', { 'b.py': text('b') }),
    ];
    const index = await openServedIndex(repositories, signal);
    try {
      const found = async (name: string) => {
        const { chunks } = await index.retriever.retrieve({
          ...{ repository: index.idOf(name)!, path: 'new.py', prefix: 'open(path).read()\n', suffix: '' },
          ...{ retriever: 'bm25', topK: 5, alignment: 'matched', openBuffers: [] },
        });
        return chunks.map(({ path }) => path);
      };
      expect(await found('path:one')).toEqual(['a.py']);
      expect(await found('path:two')).toEqual(['b.py']);
      expect(index.idOf('path:three')).toBeUndefined();
    } finally {
      await index.close();
    }
  });

  it('names the repository that cannot be indexed', async () => {
    const empty = await repositoryOf('empty', {});
    await expect(openServedIndex([empty], signal)).rejects.toMatchObject({
      kind: 'failed_precondition',
      message: expect.stringContaining('path:empty'),
    });
    await expect(openServedIndex([empty], AbortSignal.abort())).rejects.toMatchObject({ kind: 'cancelled' });
  });
});
