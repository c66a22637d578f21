import { count, percent, points } from '../analysis/index.js';
import { ranged } from '../report/names.js';
import { tableMarkdown, type Table } from '../report/table.js';
import { ALONE } from '../results.js';
import type { Study, StudyEntry, StudyRow } from './compare-runs.js';

const one = (value: number) => value.toFixed(1).replace('-', '−');
const signed = (value: number) => `${value > 0 ? '+' : value < 0 ? '−' : '±'}${Math.abs(value).toFixed(3)}`;
const three = (value: number) => value.toFixed(3).replace('-', '−');
const number = (title: string) => ({ title, isNumber: true });

/** The comparison as Markdown tables. */
export function studyMarkdown(study: Study): string {
  const facts = [
    `${count(study.holes, 'hole')} of ${count(study.repositories, 'repository', 'repositories')}, the same in each run${study.leftOut > 0 ? ` (${count(study.leftOut, 'label')} of holes that another run lacks left out)` : ''}; intervals hold 95 % and draw ${{ repository: 'repositories', file: 'files', hole: 'holes' }[study.unit]}.`,
    'At each number of chunks, a hole that has fewer counts with all it has. A dash: not measured at each hole, or likelihoods of different vocabularies.',
  ];
  const tables = [runsTable, qualityTable, gainTable, differenceTable].map((table) => table(study.entries));
  const filled = tables.filter(({ rows }) => rows.length > 0);
  return ['# Runs compared', ...facts, ...filled.map(tableMarkdown)].join('\n\n');
}

function runsTable(entries: readonly StudyEntry[]): Table {
  return {
    caption: 'Runs; differences are to the first',
    columns: ['Run', 'Model', 'Context', 'Order', 'Budgets before, after, context', 'Most chunks'].map(
      (title) => ({ title }),
    ),
    rows: entries.map(({ name, model, placement, order, settings: { budgets, maxChunks } }) => ({
      cells: [
        name,
        [model.name, ...model.adapters.map(() => 'its adapter')].join(' with '),
        placement,
        order,
        `${budgets.prefixTokens}, ${budgets.suffixTokens}, ${budgets.contextTokens}`,
        `${maxChunks}`,
      ],
    })),
  };
}

function qualityTable(entries: readonly StudyEntry[]): Table {
  return {
    caption: 'Quality by number of chunks, with 95\u00a0% intervals, and mean cost',
    columns: [
      { title: 'Run' },
      number('Chunks'),
      number('Exact match,\u00a0%'),
      number('Edit similarity'),
      number('Log-likelihood'),
      number('Context tokens'),
      number('Context ms'),
      number('Writing ms'),
    ],
    rows: rowsOf(entries, (row) => [
      ranged(row.exactMatch, one),
      ranged(row.editSimilarity, one),
      ranged(row.logLikelihood, three),
      row.contextTokens.toFixed(0),
      row.contextMs?.toFixed(0) ?? '–',
      row.decodeMs?.toFixed(0) ?? '–',
    ]),
  };
}

function gainTable(entries: readonly StudyEntry[]): Table {
  const share = (value: number | undefined) => (value === undefined ? '–' : percent(value));
  return {
    caption: 'Gain over no context in the prompt at the same holes, with 95\u00a0% intervals',
    columns: [
      { title: 'Run' },
      number('Chunks'),
      number('Edit similarity'),
      number('Log-likelihood'),
      number('Better'),
      number('Same'),
      number('Worse'),
    ],
    rows: rowsOf(
      entries,
      (row) => [
        ranged(row.gain.editSimilarity, points),
        ranged(row.gain.logLikelihood, signed),
        share(row.better),
        share(row.same),
        share(row.worse),
      ],
      1,
    ),
  };
}

function differenceTable([first, ...others]: readonly StudyEntry[]): Table {
  return {
    caption: `Less ${first?.name ?? ''} with as many chunks, hole by hole, with 95\u00a0% intervals`,
    columns: [{ title: 'Run' }, number('Chunks'), number('Edit similarity'), number('Log-likelihood')],
    rows: rowsOf(others, ({ versusFirst }) => [
      ranged(versusFirst.editSimilarity, points),
      ranged(versusFirst.logLikelihood, signed),
    ]),
  };
}

function rowsOf(
  entries: readonly StudyEntry[],
  cells: (row: StudyRow) => string[],
  fewestChunks = ALONE,
): Table['rows'] {
  return entries.flatMap(({ name, rows }) =>
    rows
      .filter(({ chunks }) => chunks >= fewestChunks)
      .map((row) => ({
        cells: [name, row.chunks === ALONE ? 'not even copied from' : `${row.chunks}`, ...cells(row)],
      })),
  );
}
