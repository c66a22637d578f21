import { readFileSync } from 'node:fs';
import { alignmentOf, RETRIEVER_NAMES, type Chunk, type RetrieverName } from '@repoformer/domain';
import { expect, it } from 'vitest';
import { index, indexed, query, repo, useIndexHarness } from '../testing/index-harness.js';

useIndexHarness();

/** Sources of this project as they once were: they stay as they are, so that only the ranking changes what is found. */
const corpus = JSON.parse(readFileSync(new URL('corpus.json', import.meta.url), 'utf8')) as Record<
  string,
  string
>;

const SHOWN = 5;
const VISIBLE = { beforeChars: 1536, afterChars: 384 };
/** Lines between one hole and the next in a file, a prime, so that holes stand in all kinds of places. */
const LINES_APART = 67;

interface Hole {
  readonly path: string;
  readonly line: number;
  readonly prefix: string;
  readonly suffix: string;
  /** Names of the line that is missing which nothing near it has, but few other files do. */
  readonly wanted: readonly string[];
}

/** Names in more files than these are no help to find. */
const FEW_FILES = 5;

const namesIn = (text: string) => new Set(text.match(/\b[A-Za-z_]\w{4,}\b/g) ?? []);

/** The first line that lacks names in each stretch of each file. */
function holes(): Hole[] {
  const namesOf = new Map(Object.entries(corpus).map(([path, text]) => [path, namesIn(text)]));
  return Object.entries(corpus).flatMap(([path, text]) => {
    const lines = text.split('\n');
    const found: Hole[] = [];
    const imports = lines.findLastIndex((line) => /^} from |^import .* from /.test(line));
    for (let line = imports + 1; line < lines.length; line++) {
      const prefix = `${lines.slice(0, line).join('\n')}\n`;
      const suffix = `\n${lines.slice(line + 1).join('\n')}`;
      const near = namesIn(`${prefix.slice(-VISIBLE.beforeChars)}\n${suffix.slice(0, VISIBLE.afterChars)}`);
      const isElsewhere = (name: string) => {
        const others = [...namesOf].filter(([other, names]) => other !== path && names.has(name)).length;
        return others > 0 && others <= FEW_FILES;
      };
      const isCode = !/^\s*(\*|\/\*|\/\/|})/.test(lines[line]!);
      const wanted = [...namesIn(lines[line]!)].filter((name) => !near.has(name) && isElsewhere(name));
      if (!isCode || wanted.length === 0) continue;
      found.push({ path, line, prefix, suffix, wanted });
      line += LINES_APART;
    }
    return found;
  });
}

async function chunksFor(hole: Hole, retriever: RetrieverName): Promise<readonly Chunk[]> {
  const { path, prefix, suffix } = hole;
  const asked = query(prefix, {
    path,
    suffix,
    retriever,
    alignment: alignmentOf(retriever),
    visible: VISIBLE,
    topK: SHOWN,
  });
  return (await index.retrieve(asked)).chunks;
}

/** Of the first chunk that has a name that is wanted, from 1; 0 where none has. */
function rankOf(hole: Hole, chunks: readonly Chunk[]): number {
  return chunks.findIndex(({ text }) => hole.wanted.some((name) => namesIn(text).has(name))) + 1;
}

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

function summary(retriever: RetrieverName, ranks: readonly number[]): string {
  const within = (limit: number) => ranks.filter((rank) => rank > 0 && rank <= limit).length;
  const reciprocal = ranks.reduce((sum, rank) => sum + (rank === 0 ? 0 : 1 / rank), 0);
  return [
    `${retriever}: recall@1 ${percent(within(1), ranks.length)}`,
    `recall@5 ${percent(within(5), ranks.length)}`,
    `MRR ${(reciprocal / ranks.length).toFixed(3)}`,
  ].join(', ');
}

/** After a change of ranking that is meant: `npx vitest run --root libs/indexing golden -u`, and look at the diff. */
it('ranks as it did', async () => {
  repo.commit(corpus);
  await indexed();
  const ranks = new Map(RETRIEVER_NAMES.map((name) => [name, [] as number[]]));
  const sections: string[] = [];
  for (const hole of holes()) {
    const lines = [`${hole.path}:${hole.line + 1} wants ${hole.wanted.join(' ')}`];
    for (const retriever of RETRIEVER_NAMES) {
      const chunks = await chunksFor(hole, retriever);
      const rank = rankOf(hole, chunks);
      ranks.get(retriever)!.push(rank);
      lines.push(`  ${retriever}, ${rank === 0 ? 'not found' : `found at ${rank}`}`);
      for (const { path, startLine, endLine, score } of chunks) {
        lines.push(`    ${score.toFixed(3)} ${path}:${startLine + 1}-${endLine}`);
      }
    }
    sections.push(lines.join('\n'));
  }
  expect(sections.length).toBeGreaterThan(50);
  const head = [`${sections.length} holes`, ...[...ranks].map(([name, each]) => summary(name, each))];
  await expect([head.join('\n'), ...sections].join('\n\n') + '\n').toMatchFileSnapshot('ranking.golden.txt');
});
