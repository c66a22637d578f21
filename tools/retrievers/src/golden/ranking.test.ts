import { beforeAll, expect, it } from 'vitest';
import { CHUNKERS, type ChunkerName } from '../chunkers/chunker-table.js';
import { ChunkedRepository } from '../corpus/chunked-repository.js';
import type { Repository } from '../corpus/repository.js';
import {
  RETRIEVER_NAMES,
  RETRIEVERS,
  type RetrieverName,
  type RetrieverRow,
} from '../retrievers/retriever-table.js';
import { goldenCorpus, goldenHoles, namesIn, type GoldenHole } from '../testing/golden-holes.js';
import { repositoryOf } from '../testing/repositories.js';

/** Every other one: they suffice, and a test should be quick. */
const holes = goldenHoles().filter((_, at) => at % 2 === 0);
let repository: Repository;
beforeAll(async () => {
  repository = await repositoryOf(goldenCorpus);
});

function cutBy(chunker: ChunkerName): Promise<ChunkedRepository> {
  return ChunkedRepository.of(repository, CHUNKERS[chunker](repository.syntax));
}

/** Rank of the first chunk that has a name that is wanted, from 1; 0 where none of them has. */
async function ranksOf(retriever: RetrieverName, chunked: ChunkedRepository): Promise<number[]> {
  const asked = await (RETRIEVERS[retriever] as RetrieverRow).create(chunked, {});
  const ranks: number[] = [];
  for (const { request, wanted } of holes) {
    const { chunks } = await asked.retrieve(request);
    const has = ({ lines, startLine, endLine }: (typeof chunks)[number]) => {
      const names = namesIn(lines.slice(startLine, endLine).join('\n'));
      return wanted.some((name) => names.has(name));
    };
    ranks.push(chunks.findIndex(has) + 1);
  }
  return ranks;
}

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

function summaryOf(name: string, ranks: readonly number[]): string {
  const within = (limit: number) => ranks.filter((rank) => rank > 0 && rank <= limit).length;
  const reciprocal = ranks.reduce((sum, rank) => sum + (rank === 0 ? 0 : 1 / rank), 0);
  const parts = [
    `recall@1 ${percent(within(1), ranks.length)}`,
    `recall@5 ${percent(within(5), ranks.length)}`,
    `MRR ${(reciprocal / ranks.length).toFixed(3)}`,
  ];
  return `${name}: ${parts.join(', ')}`;
}

function holeLine(
  { path, line, wanted }: GoldenHole,
  at: number,
  ranks: ReadonlyMap<string, readonly number[]>,
): string {
  const each = [...ranks].map(([name, all]) => `${name} ${all[at] === 0 ? '-' : all[at]!}`);
  return `${path}:${line + 1} wants ${wanted.join(' ')}\n  ${each.join(', ')}`;
}

/** After a change of ranking that is meant: `npx vitest run --root tools/retrievers golden -u`, and look at the diff. */
it('ranks as it did', async () => {
  const plain = RETRIEVER_NAMES.filter((name) => (RETRIEVERS[name] as RetrieverRow).needs === undefined);
  const ranks = new Map<string, readonly number[]>();
  const windows = await cutBy('windows-20');
  for (const name of plain) ranks.set(name, await ranksOf(name, windows));
  const otherwise = new Map<string, readonly number[]>();
  for (const chunker of ['blank-lines-20', 'syntax-20-signatures'] as const) {
    const chunked = await cutBy(chunker);
    for (const name of ['daemon', 'needed-names'] as const) {
      otherwise.set(`${name}, ${chunker}`, await ranksOf(name, chunked));
    }
  }
  expect(holes.length).toBeGreaterThan(50);
  const summaries = [...ranks, ...otherwise].map(([name, all]) => summaryOf(name, all));
  const lines = holes.map((hole, at) => holeLine(hole, at, ranks));
  const text = [`${holes.length} holes`, ...summaries, '', ...lines].join('\n');
  await expect(`${text}\n`).toMatchFileSnapshot('ranking.golden.txt');
});
