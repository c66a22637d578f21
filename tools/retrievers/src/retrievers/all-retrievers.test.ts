import { createNearDuplicateTest } from '@repoformer/retrieval';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHUNKER_NAMES, CHUNKERS } from '../chunkers/chunker-table.js';
import { visibleText } from '../measure/truth.js';
import { SELECTORS } from '../selection/selector-table.js';
import { chunkedOf, requestAt } from '../testing/repositories.js';
import { RETRIEVER_NAMES, RETRIEVERS, type RetrieverRow } from './retriever-table.js';

const line = fc.constantFrom(
  '',
  'import helpers',
  'from shapes import area, volume',
  'def area(radius):',
  '    return radius * radius',
  'class Shape:',
  '    def volume(self):',
  'total = area(radius) + self.volume()',
  'print(total)',
  'userName = readUserName(total)',
);
const text = fc.array(line, { maxLength: 60 }).map((lines) => lines.join('\n'));
const files = fc.dictionary(fc.constantFrom('a.py', 'b.py', 'c.js', 'notes.txt', 'own.py'), text);

const embed = (texts: readonly string[]) =>
  Promise.resolve(texts.map((each) => Float32Array.of(each.length % 7, each.split('a').length, 1)));

describe.each(RETRIEVER_NAMES)('%s', (name) => {
  it('ranks chunks of the repository, and nothing that the prompt shows', async () => {
    const row: RetrieverRow = RETRIEVERS[name];
    await fc.assert(
      fc.asyncProperty(
        files,
        text,
        text,
        fc.constantFrom(...CHUNKER_NAMES),
        fc.boolean(),
        async (repository, prefix, suffix, chunker, searchOwnFile) => {
          const chunked = await chunkedOf(repository, ({ syntax }) => CHUNKERS[chunker](syntax));
          const retriever = await row.create(chunked, { embed });
          const more = { searchOwnFile, draft: 'volume', visible: { beforeChars: 90, afterChars: 30 } };
          const request = { ...requestAt('own.py', '$0', more), prefix, suffix };
          const ranking = await retriever.retrieve(request);
          expect(await retriever.retrieve(request)).toEqual(ranking);

          const ownLines = (prefix + suffix).split('\n');
          const from = prefix.slice(0, Math.max(0, prefix.length - 90)).split('\n').length - 1;
          const to = (prefix + suffix.slice(0, 30)).split('\n').length;
          for (const { path, isOwn, lines, startLine, endLine, score } of ranking.chunks) {
            expect(score).toBeGreaterThanOrEqual(0);
            expect(score).toBeLessThanOrEqual(1);
            expect(startLine).toBeLessThan(endLine);
            expect(endLine).toBeLessThanOrEqual(lines.length);
            expect(isOwn).toBe(path === 'own.py');
            if (!isOwn) {
              expect(repository[path]!.startsWith(lines.join('\n'))).toBe(true);
              continue;
            }
            expect(searchOwnFile).toBe(true);
            expect(ownLines.slice(startLine, endLine)).toEqual(lines.slice(startLine, endLine));
            expect(startLine >= to || endLine <= from).toBe(true);
          }
          const scores = ranking.chunks.map(({ score }) => score);
          expect(scores).toEqual([...scores].sort((a, b) => b - a));
          const sum = [...(ranking.names?.values() ?? [])].reduce((total, chance) => total + chance, 0);
          expect(sum).toBeLessThanOrEqual(1 + 1e-9);
          expect(ranking.names !== undefined).toBe(row.saysNames === true);

          const isUnwanted = createNearDuplicateTest(visibleText(request));
          const shown = SELECTORS[row.selector].select(ranking, { budgetTokens: 200, isUnwanted });
          for (const span of shown) expect(span.startLine).toBeLessThan(span.endLine);
        },
      ),
      { numRuns: 25 },
    );
  });
});
