import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { IndexState, RepositorySchema } from '@repoformer/protocol';
import { expect, it } from 'vitest';
import { renderProgress, renderRepositories, renderRepository } from './repository.js';
import { PLAIN } from './style.js';

const ready = create(RepositorySchema, {
  id: '0a1b2c3d4e5f6071',
  root: '/src/kafka',
  state: IndexState.READY,
  headCommit: 'a'.repeat(40),
  indexedCommit: 'a'.repeat(40),
  files: 6400n,
  chunks: 143207n,
  lines: 1467546n,
  skipped: { binary: 80n, too_large: 2n, generated: 0n },
  indexedAt: timestampFromDate(new Date('2026-01-02T03:04:05.678Z')),
});
const indexing = create(RepositorySchema, {
  id: 'ffffffffffffffff',
  root: '/src/b',
  state: IndexState.INDEXING,
  headCommit: 'b'.repeat(40),
  progress: { filesDone: 1234n, filesTotal: 6519n, bytesDone: 12_300_000n },
});

it('renders one', () => {
  expect(renderRepository(ready, PLAIN)).toBe(`repository  /src/kafka
id          0a1b2c3d4e5f6071
state       ready
head        ${'a'.repeat(40)}
indexed     ${'a'.repeat(40)}  up to date
at          2026-01-02T03:04:05Z
holds       6,400 files, 143,207 chunks, 1,467,546 lines
            82 left out: 80 binary, 2 too large`);
  expect(renderRepository(indexing, PLAIN)).toContain(
    'state       indexing  indexing 1,234 of 6,519 files (18 %), 12.3 MB\n',
  );
  const behind = { ...ready, headCommit: 'c'.repeat(40) };
  expect(renderRepository(behind, PLAIN)).toContain('behind HEAD');
  const failed = create(RepositorySchema, { state: IndexState.FAILED, problem: 'cannot read a pack' });
  expect(renderRepository(failed, PLAIN)).toContain('problem     cannot read a pack');
});

it('renders many', () => {
  expect(renderRepositories([ready, indexing], PLAIN)).toBe(
    `0a1b2c3d4e5f6071  ready     aaaaaaaaaa  6,400 files  /src/kafka
ffffffffffffffff  indexing  -           0 files      /src/b`,
  );
});

it('renders progress', () => {
  expect(renderProgress(indexing)).toBe('indexing 1,234 of 6,519 files (18 %), 12.3 MB');
  expect(renderProgress(ready)).toBe('ready');
});
