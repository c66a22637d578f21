import * as Plot from '@observablehq/plot';
import { duration, STAGES, type ModeRow, type Stage } from '../../analysis/index.js';
import { COLOUR, type ChartOptions } from './chart.js';

export const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  decide: 'deciding',
  retrieve: 'search',
  shared: 'prefix and suffix',
  context: 'context',
  decode: 'writing',
};

/** Mean time of each stage, end to end; what abstaining saves has the accent. */
export function stagesChart(rows: readonly ModeRow[], width: number): ChartOptions {
  const fill: Record<Stage, string> = {
    decide: COLOUR.ink,
    retrieve: COLOUR.ink,
    shared: COLOUR.faint,
    context: COLOUR.accent,
    decode: COLOUR.muted,
  };
  const parts = rows.flatMap(({ latency }, y) => {
    let from = 0;
    return STAGES.map((stage) => {
      const x1 = from;
      from += latency.stages[stage].mean;
      return { stage, y, x1, x2: from, fill: fill[stage] };
    });
  });
  type Part = (typeof parts)[number];
  const most = Math.max(...parts.map(({ x2 }) => x2), 1e-9);
  const inner = width - 72;
  const fits = ({ stage, x1, x2 }: Part) => ((x2 - x1) / most) * inner > STAGE_WORDS[stage].length * 6.6 + 8;
  return {
    width,
    height: rows.length * 48 + 14,
    marginLeft: 4,
    marginRight: 68,
    marginTop: 8,
    marginBottom: 4,
    x: { domain: [0, most], axis: null },
    y: { domain: [-0.5, rows.length - 0.4], reverse: true, axis: null },
    marks: [
      Plot.rect(parts, {
        x1: 'x1',
        x2: 'x2',
        y1: (d: Part) => d.y - 0.05,
        y2: (d: Part) => d.y + 0.4,
        fill: 'fill',
        insetRight: 0.5,
      }),
      Plot.text(parts.filter(fits), {
        x: (d: Part) => (d.x1 + d.x2) / 2,
        y: (d: Part) => d.y + 0.175,
        text: (d: Part) => STAGE_WORDS[d.stage],
        fill: (d: Part) => (d.stage === 'shared' ? COLOUR.ink : COLOUR.paper),
      }),
      Plot.text(rows, {
        frameAnchor: 'left',
        y: (_: unknown, y: number) => y - 0.27,
        text: 'label',
        textAnchor: 'start',
        fill: COLOUR.ink,
      }),
      Plot.text(rows, {
        x: (d: ModeRow) => STAGES.reduce((sum, stage) => sum + d.latency.stages[stage].mean, 0),
        y: (_: unknown, y: number) => y + 0.175,
        text: (d: ModeRow) => duration(d.latency.cold.mean),
        textAnchor: 'start',
        dx: 6,
        fill: COLOUR.ink,
      }),
    ],
  };
}
