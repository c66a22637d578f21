import {
  duration,
  percent,
  points,
  STAGES,
  type Analysis,
  type GroupTable,
  type ModeRow,
} from '../analysis/index.js';
import { STAGE_WORDS } from './charts/stages-chart.js';
import { emphasisedKey, kindName, labelOf, ranged, tabledRows } from './names.js';
import type { Table } from './table.js';

const one = (value: number) => value.toFixed(1).replace('-', '−');
const two = (value: number) => value.toFixed(2).replace('-', '−');

function column(title: string) {
  return { title, isNumber: true };
}

/** Quality of each mode. */
export function qualityTable(analysis: Analysis): Table {
  const hasTests = analysis.modes.some(({ quality }) => quality.passed);
  const hasLikelihood = analysis.modes.some(({ quality }) => quality.logLikelihood);
  return {
    caption: 'Quality of each way to decide, with 95\u00a0% intervals',
    columns: [
      { title: 'Mode' },
      column('With context'),
      column('Exact match,\u00a0%'),
      column('Edit similarity'),
      column('Identifier F1'),
      ...(hasTests ? [column('Tests pass,\u00a0%')] : []),
      ...(hasLikelihood ? [column('Log-likelihood')] : []),
    ],
    rows: [
      ...analysis.baselines.map((row) => ({ ...row, share: undefined, isEmphasised: false })),
      ...tabledRows(analysis.modes, analysis).map((row) => ({
        ...row,
        label: labelOf(row),
        isEmphasised: row.key === emphasisedKey(analysis),
      })),
    ].map(({ label, share, quality, isEmphasised }) => ({
      isEmphasised,
      cells: [
        label,
        share === undefined ? '–' : percent(share),
        ranged(quality.exactMatch, one),
        ranged(quality.editSimilarity, one),
        ranged(quality.identifierF1, one),
        ...(hasTests ? [ranged(quality.passed, one)] : []),
        ...(hasLikelihood ? [ranged(quality.logLikelihood, two)] : []),
      ],
    })),
  };
}

/** What the model without context adds to what any model must beat; undefined without baselines. */
export function baselineTable({ baselines }: Analysis): Table | undefined {
  if (baselines.length === 0) return undefined;
  return {
    caption: 'The model without context less a baseline at the same holes, points, with 95\u00a0% intervals',
    columns: [
      { title: 'Baseline' },
      column('Holes'),
      column('Exact match'),
      column('Edit similarity'),
      column('Identifier F1'),
    ],
    rows: baselines.map(({ label, holes, neverLess }) => ({
      cells: [
        label,
        holes.toLocaleString('en-GB'),
        ranged(neverLess.exactMatch, points),
        ranged(neverLess.editSimilarity, points),
        ranged(neverLess.identifierF1, points),
      ],
    })),
  };
}

/** What each mode changes against never, always and coin tosses. */
export function differenceTable(analysis: Analysis): Table {
  return {
    caption: 'Edit similarity against other modes at the same holes, points, with 95\u00a0% intervals',
    columns: [
      { title: 'Mode' },
      column('Less never'),
      column('Less always'),
      column('Less random at equal rate'),
      column('Scatter of random draws'),
    ],
    rows: tabledRows(analysis.modes, analysis).map((row) => ({
      isEmphasised: row.key === emphasisedKey(analysis),
      cells: [
        labelOf(row),
        ranged(row.versusNever.editSimilarity, points),
        ranged(row.versusAlways.editSimilarity, points),
        ranged(row.random?.difference.editSimilarity, points),
        row.random?.drawStandardError === undefined ? '–' : `±${two(row.random.drawStandardError)}`,
      ],
    })),
  };
}

/** Latency of each mode. */
export function latencyTableOf(analysis: Analysis): Table {
  return {
    caption: 'Latency of each way to decide: from an empty cache (cold) and while typing on (warm)',
    columns: [
      { title: 'Mode' },
      column('Context tokens'),
      column('Cold, mean'),
      column('p50'),
      column('p95'),
      column('Warm, mean'),
      column('p50'),
      column('p95'),
      column('Saved cold'),
      column('Saved warm'),
    ],
    rows: tabledRows(analysis.modes, analysis).map((row) => {
      const { cold, warm } = row.latency;
      return {
        isEmphasised: row.key === emphasisedKey(analysis),
        cells: [
          labelOf(row),
          row.contextTokens.toFixed(0),
          ...[cold, warm].flatMap(({ mean, p50, p95 }) => [mean, p50, p95].map(duration)),
          ranged(row.speedUp.cold, percent),
          ranged(row.speedUp.warm, percent),
        ],
      };
    }),
  };
}

/** Where the time goes. */
export function stagesTable(analysis: Analysis): Table {
  return {
    caption: 'Time of each stage: mean, median, 95th percentile',
    columns: [{ title: 'Mode' }, ...STAGES.map((stage) => column(STAGE_WORDS[stage]))],
    rows: tabledRows(analysis.modes, analysis).map((row) => ({
      isEmphasised: row.key === emphasisedKey(analysis),
      cells: [
        labelOf(row),
        ...STAGES.map((stage) => {
          const { mean, p50, p95 } = row.latency.stages[stage];
          return [mean, p50, p95].map(duration).join(' · ');
        }),
      ],
    })),
  };
}

export function effectTable(analysis: Analysis): Table {
  const groups = [{ value: 'all', effect: analysis.effect }, ...analysis.effectByKind];
  return {
    caption: 'What all context changes against none, in edit similarity, with 95\u00a0% intervals',
    columns: [
      { title: 'Holes' },
      column('With hits'),
      column('Worse'),
      column('No change'),
      column('Better'),
      column('Mean change'),
      column('Where better'),
      column('Where worse'),
    ],
    rows: groups.map(({ value, effect }, i) => ({
      cells: [
        i === 0 ? 'all' : kindName(value),
        effect.holes.toLocaleString('en-GB'),
        ranged(effect.worse, percent),
        ranged(effect.same, percent),
        ranged(effect.better, percent),
        ranged(effect.meanGain, points),
        effect.gainWhereBetter === undefined ? '–' : points(effect.gainWhereBetter),
        effect.lossWhereWorse === undefined ? '–' : points(effect.lossWhereWorse),
      ],
    })),
  };
}

export function abstentionTable(analysis: Analysis): Table {
  const groups = [
    { value: 'all', rows: analysis.modes },
    ...analysis.byKind.map(({ value, rows }) => ({ value: kindName(value), rows })),
  ];
  return {
    caption: 'Abstentions: already correct, or context would not have helped, with 95\u00a0% intervals',
    columns: [
      { title: 'Policy' },
      { title: 'Holes' },
      column('Abstained'),
      column('Of'),
      column('Right'),
      column('At random'),
    ],
    rows: groups.flatMap(({ value, rows }) =>
      rows.flatMap((row) => {
        if (!row.abstentions) return [];
        const { abstained, holes, precision, base } = row.abstentions;
        const named = analysis.modes.find(({ key }) => key === row.key) ?? row;
        return [
          {
            isEmphasised: row.key === emphasisedKey(analysis),
            cells: [
              labelOf(named),
              value,
              abstained.toLocaleString('en-GB'),
              holes.toLocaleString('en-GB'),
              ranged(precision, percent),
              base ? percent(base.estimate) : '–',
            ],
          },
        ];
      }),
    ),
  };
}

export function rankingTable(analysis: Analysis): Table {
  return {
    caption: 'How well each policy ranks holes, over all its thresholds',
    columns: [
      { title: 'Policy' },
      column('Qini, edit similarity'),
      column('Qini, log-likelihood'),
      column('AURC'),
      column('AUGRC'),
      column('Brier'),
      column('of the base rate'),
      column('Log loss'),
      column('ECE'),
      column('No answer'),
    ],
    rows: analysis.curves.policies.map(({ label, qini, riskCoverage, calibration, unanswered }) => ({
      cells: [
        label,
        ranged(qini.editSimilarity?.coefficient, two),
        ranged(qini.logLikelihood?.coefficient, two),
        riskCoverage ? riskCoverage.aurc.toFixed(3) : '–',
        riskCoverage ? riskCoverage.augrc.toFixed(3) : '–',
        calibration ? calibration.brier.toFixed(3) : '–',
        calibration ? calibration.baseBrier.toFixed(3) : '–',
        calibration ? calibration.logLoss.toFixed(3) : '–',
        calibration ? calibration.ece.toFixed(3) : '–',
        unanswered.toLocaleString('en-GB'),
      ],
    })),
  };
}

export function groupTableOf(group: GroupTable, analysis: Analysis): Table {
  const name = group.by === 'kind' ? kindName(group.value) : group.value;
  return {
    caption: `${name}: ${group.holes.toLocaleString('en-GB')} holes of ${group.repositories.toLocaleString('en-GB')} repositories, with 95\u00a0% intervals`,
    columns: [
      { title: 'Mode' },
      column('With context'),
      column('Exact match,\u00a0%'),
      column('Edit similarity'),
      column('Less never'),
      column('Less always'),
      column('Cold'),
      column('Warm'),
      column('Saved cold'),
    ],
    rows: tabledRows(group.rows, analysis).map((row) => {
      const named: Pick<ModeRow, 'label' | 'threshold'> =
        analysis.modes.find(({ key }) => key === row.key) ?? row;
      return {
        isEmphasised: row.key === emphasisedKey(analysis),
        cells: [
          labelOf(named),
          percent(row.share),
          ranged(row.quality.exactMatch, one),
          ranged(row.quality.editSimilarity, one),
          ranged(row.versusNever.editSimilarity, points),
          ranged(row.versusAlways.editSimilarity, points),
          duration(row.latencyMs.cold),
          duration(row.latencyMs.warm),
          row.speedUp.cold ? percent(row.speedUp.cold.estimate) : '–',
        ],
      };
    }),
  };
}
