import { count, duration, percent, points } from '../analysis/index.js';
import { escapeMarkdown } from '../report/html.js';
import { ranged } from '../report/names.js';
import { tableMarkdown, type Table } from '../report/table.js';
import type { ServeRun } from './serve-run.js';
import { SERVE_TIMES, type ServeSummary, type ServeTime } from './summarise.js';

const TIME_WORDS: Readonly<Record<ServeTime, string>> = {
  decide: 'Decided',
  retrieve: 'Retrieving',
  prefill: 'Prefill',
  firstToken: 'First token',
  total: 'Total',
};
const number = (title: string) => ({ title, isNumber: true });
const one = (value: number) => value.toFixed(1);
const two = (value: number) => value.toFixed(2);

/** What was measured, as Markdown tables. */
export function serveMarkdown(summary: ServeSummary, run: ServeRun): string {
  const unit = { repository: 'repositories', file: 'files', hole: 'holes' }[summary.unit];
  const facts = [
    `${escapeMarkdown(run.model.name)}${run.model.adapters.length > 0 ? ' with its adapter' : ''} on ${escapeMarkdown(run.machine)}; \`auto\` decides by ${escapeMarkdown(run.policy.label)}.`,
    `${count(summary.holes, 'hole')} of ${count(summary.repositories, 'repository', 'repositories')} through the completion service and its index, in one process; each hole in every mode and state, in random order.`,
    `Cold: the model knows nothing of the prompt. Warm: prefix and suffix have been evaluated before, as while typing; the line’s decision is still to be made. Intervals hold 95 % and draw ${unit}.`,
  ];
  return [
    '# Latency end to end',
    ...facts,
    tableMarkdown(timesTable(summary)),
    tableMarkdown(qualityTable(summary)),
  ].join('\n\n');
}

function timesTable({ rows }: ServeSummary): Table {
  return {
    caption: 'Time since the request arrived (retrieving and prefill: how long they took): mean · p50 · p95',
    columns: [
      { title: 'Mode' },
      { title: 'State' },
      number('With context'),
      ...SERVE_TIMES.map((time) => number(TIME_WORDS[time])),
    ],
    rows: rows.map(({ mode, state, retrieved, times }) => ({
      cells: [
        mode,
        state,
        percent(retrieved),
        ...SERVE_TIMES.map((time) => {
          const { mean, p50, p95 } = times[time];
          return Number.isNaN(mean) ? '–' : [mean, p50, p95].map(duration).join(' · ');
        }),
      ],
    })),
  };
}

function qualityTable({ rows, reference }: ServeSummary): Table {
  return {
    caption: `Quality, and the same holes against ${reference}: ratio of mean times, and quartiles of the ratio at each hole`,
    columns: [
      { title: 'Mode' },
      { title: 'State' },
      number('Exact match,\u00a0%'),
      number('Edit similarity'),
      number(`Less ${reference}`),
      number('Total, ratio'),
      number('First token, ratio'),
      number('Quartiles of total'),
    ],
    rows: rows.map(({ mode, state, exactMatch, editSimilarity, versus }) => ({
      cells: [
        mode,
        state,
        ranged(exactMatch, one),
        ranged(editSimilarity, one),
        ranged(versus?.editSimilarity, points),
        ranged(versus?.totalRatio, two),
        ranged(versus?.firstTokenRatio, two),
        versus ? [versus.ratios.p25, versus.ratios.p50, versus.ratios.p75].map(two).join(' · ') : '–',
      ],
    })),
  };
}
