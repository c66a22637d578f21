import { GitRepository } from '@repoformer/e2e/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { measureCopying } from './measure-copying.js';
import { measureFirst } from './measure-first.js';
import { measureIndexing } from './measure-index.js';
import { measureSearch } from './measure-retrieval.js';
import type { Rows } from './measurements.js';

let repository: GitRepository;
beforeAll(() => {
  repository = GitRepository.create('bench');
  const files = Array.from({ length: 40 }, (_, file) => [`src/module-${file}.ts`, sourceOf(file)] as const);
  repository.commit(Object.fromEntries(files));
});
afterAll(() => repository.remove());

it('prints every figure of the index, also in the daemon', async () => {
  expectFigures(await measureIndexing(repository.root, { commits: 2 }), {
    repository: /^40 files indexed of 40, .* MB at HEAD/,
    'first index, git objects to searchable and durable': /MB\/s of source/,
    'how long its thread was not free meanwhile': /^p99 .* ms, longest .* ms$/,
    'one-file commit, from the notice to searchable and durable': /p95/,
    '`git diff-tree -r` of the same': /p95/,
    'branch that differs in 20 files': /^first .*, again .*; `git switch` .*, `git diff-tree -r` .* ms$/,
    'restart, until the index on disk is searchable': /p99/,
    'first index in the daemon, while three clients ask': / s$/,
    "`ListModels`, answered by the daemon's event loop, meanwhile": /p99.*; idle .*p99/,
    "`ListRepositories`, answered by the index's thread, meanwhile": /p99.*; idle .*p99/,
    'completion of 8 tokens by the embedded model, meanwhile': /p99.*; idle .*p99/,
    "branch that differs in 40 files, from the hook's start to searchable and durable":
      /^first .*, again .*; `git switch` itself .* ms$/,
    "one-file commit, from the hook's start to searchable and durable": /p95.*n=2/,
    '`git commit` itself, without hooks': /p95.*n=2/,
    '`git commit` itself, with hooks': /p95.*n=2.* ms more at the median$/,
  });
});

it('prints every figure of the search', async () => {
  expectFigures(await measureSearch(repository.root, { queries: 20, lines: 5000 }), {
    repository: /files indexed/,
    'memory held with the index, files and paths included, without text': /bytes a window/,
    'retriever, top 10 with their texts': /p99/,
    'the same while typing in a file of 20,000 lines': /p99/,
    'search alone': /p99/,
    'the same by weighted words, counting them included': /p99/,
    'memory of the search index': /bytes a window/,
    'comparing with every window': /times as fast, 10 of 10 answers are equal$/,
    '`git grep` for one word of the query': /times as fast$/,
    'ripgrep for the same in the checkout': /times as fast$|^not on this machine$/,
  });
});

it("prints every figure of a model's first request", async () => {
  expectFigures(await measureFirst('repoformer-nano', 2), {
    'first request, 512 tokens of prompt': /n=2/,
    'the same after a rehearsal': /n=2/,
    'the rehearsal itself': /n=2/,
  });
});

it('prints what copying costs', async () => {
  expectFigures(await measureCopying('repoformer-nano', 2), {
    'a written token, by the model alone': /n=2/,
    'with 512 tokens to copy from': /n=2\); \d+\.\d\d times$/,
    'with the prompt to copy from, too': /n=2\); \d+\.\d\d times$/,
  });
});

/** Whether each figure is there, named at least by its beginning, and is a number. */
function expectFigures(rows: Rows, expected: Readonly<Record<string, RegExp>>): void {
  for (const [name, figure] of Object.entries(expected)) {
    const row = rows.find(([what]) => what === name) ?? rows.find(([what]) => what.startsWith(name));
    expect(row?.[1], name).toMatch(figure);
  }
  for (const [what, figure] of rows) expect(figure, what).not.toMatch(/NaN|Infinity|undefined/);
}

/** A file that is like none of the others. */
function sourceOf(file: number): string {
  const functions = Array.from(
    { length: 12 },
    (_, n) =>
      `export function total${file}of${n}(values: number[], offset${n}: number) {\n` +
      `  const limit${file} = values.length + ${file * n};\n` +
      `  let sum${n} = offset${n};\n` +
      `  for (const value of values) sum${n} += value * ${n + 1};\n` +
      `  return Math.min(sum${n}, limit${file});\n}\n`,
  );
  return functions.join('\n');
}
