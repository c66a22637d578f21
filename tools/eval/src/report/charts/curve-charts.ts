import * as Plot from '@observablehq/plot';
import {
  duration,
  percent,
  type Curves,
  type ModeRow,
  type PolicyCurve,
  type SweepPoint,
  thresholdText,
} from '../../analysis/index.js';
import { COLOUR, domainOf, HALO, PANEL_WIDTH, ticksOf, type ChartOptions } from './chart.js';

const PANEL = {
  width: PANEL_WIDTH,
  height: 230,
  marginLeft: 34,
  marginRight: 20,
  marginTop: 14,
  marginBottom: 34,
} as const;

type XY = readonly [number, number];

interface Place {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** Quality against mean latency as the threshold moves, the other policies in grey. */
export function tradeOffPanel(
  curve: PolicyCurve,
  all: readonly PolicyCurve[],
  rows: readonly ModeRow[],
  latency: 'cold' | 'warm',
): ChartOptions {
  const time = (point: SweepPoint) => (latency === 'cold' ? point.coldMs : point.warmMs);
  const place = (row: ModeRow, text: string): Place => ({
    x: row.latency[latency].mean,
    y: row.quality.editSimilarity?.estimate ?? NaN,
    text,
  });
  const fixed = (key: string) => rows.filter((row) => row.key === key).map((row) => place(row, key));
  const ends = [...fixed('never'), ...fixed('always')];
  const points = all.flatMap(({ points: own }) => own);
  const xDomain = domainOf([...points.map(time), ...ends.map(({ x }) => x)], 0.1);
  const yDomain = domainOf([...points.map((point) => point.editSimilarity), ...ends.map(({ y }) => y)], 0.14);
  const line = (one: PolicyCurve) =>
    one.points.map((point): [number, number] => [time(point), point.editSimilarity]);
  const chosen = rows
    .filter(({ name, family }) => name === curve.name && family === 'listed')
    .map((row) => place(row, thresholdText(row.threshold!)));
  return {
    ...PANEL,
    x: { domain: xDomain },
    y: { domain: yDomain },
    marks: [
      Plot.gridY(ticksOf(yDomain, 4), { stroke: COLOUR.rule, strokeOpacity: 1 }),
      Plot.axisY(ticksOf(yDomain, 4), { tickSize: 0, label: null, fill: COLOUR.muted }),
      Plot.axisX(ticksOf(xDomain, 3), { tickSize: 0, label: null, tickFormat: duration, fill: COLOUR.muted }),
      Plot.line(ends, { x: 'x', y: 'y', stroke: COLOUR.muted, strokeDasharray: '2,3' }),
      ...all
        .filter((one) => one !== curve)
        .map((one) => Plot.line(line(one), { stroke: COLOUR.faint, strokeWidth: 1.2 })),
      Plot.line(line(curve), { stroke: COLOUR.accent, strokeWidth: 2.2 }),
      Plot.dot(ends, { x: 'x', y: 'y', r: 3.5, fill: COLOUR.ink }),
      Plot.text(ends, { x: 'x', y: 'y', text: 'text', dy: 13, fill: COLOUR.ink, ...HALO }),
      Plot.dot(chosen, { x: 'x', y: 'y', r: 4.5, fill: COLOUR.accent, stroke: COLOUR.paper }),
      Plot.text(chosen, {
        x: 'x',
        y: 'y',
        text: 'text',
        dy: -13,
        fill: COLOUR.accent,
        fontWeight: 600,
        ...HALO,
      }),
    ],
  };
}

/** Mean quality as context goes to more and more requests, the best first, against dice and the oracle. */
export function qiniPanel(
  curve: PolicyCurve,
  curves: Curves,
  metric: 'editSimilarity' | 'logLikelihood',
): ChartOptions {
  const line = (points: readonly SweepPoint[]): XY[] =>
    points.flatMap((point): XY[] => {
      const y = point[metric];
      return y === undefined ? [] : [[point.share, y]];
    });
  const oracle = line(curves.oracle[metric] ?? []);
  const own = line(curve.points);
  const first: XY = oracle[0] ?? [0, 0];
  const last: XY = oracle.at(-1) ?? [1, 0];
  const domain = domainOf(
    [...oracle, ...own].map(([, y]) => y),
    0.1,
  );
  const dice = (x: number) => first[1] + ((last[1] - first[1]) * (x - first[0])) / (last[0] - first[0] || 1);
  const peak = oracle.reduce((a, b) => (b[1] > a[1] ? b : a), first);
  return {
    ...PANEL,
    marginLeft: metric === 'logLikelihood' ? 40 : 34,
    x: { domain: [0, 1] },
    y: { domain },
    marks: [
      Plot.gridY(ticksOf(domain, 4), { stroke: COLOUR.rule, strokeOpacity: 1 }),
      Plot.axisY(ticksOf(domain, 4), { tickSize: 0, label: null, fill: COLOUR.muted, tickFormat: signed }),
      Plot.axisX([0, 0.5, 1], { tickSize: 0, label: null, tickFormat: percent, fill: COLOUR.muted }),
      Plot.areaY(own, {
        x: '0',
        y1: ([x]: XY) => dice(x),
        y2: '1',
        fill: COLOUR.accent,
        fillOpacity: 0.16,
      }),
      Plot.line(oracle, { stroke: COLOUR.muted, strokeWidth: 1.2 }),
      Plot.line([first, last], { stroke: COLOUR.muted, strokeDasharray: '2,3' }),
      Plot.line(own, { stroke: COLOUR.accent, strokeWidth: 2.2 }),
      Plot.text([{ x: peak[0], y: peak[1] }], {
        x: 'x',
        y: 'y',
        text: () => 'oracle',
        dy: -9,
        fill: COLOUR.muted,
        ...HALO,
      }),
      Plot.text([{ x: last[0], y: dice(last[0]) }], {
        x: 'x',
        y: 'y',
        text: () => 'random',
        dy: 13,
        textAnchor: 'end',
        fill: COLOUR.muted,
        ...HALO,
      }),
    ],
  };
}

/** Share of right abstentions as more and more holes go without context, the surest first. */
export function abstentionPanel(curve: PolicyCurve): ChartOptions | undefined {
  const risk = curve.riskCoverage;
  if (!risk) return undefined;
  const points = risk.points.map(({ coverage, risk: wrong }): XY => [coverage, 1 - wrong]);
  const base = 1 - risk.random.aurc;
  const domain: [number, number] = [Math.max(0, Math.min(base, ...points.map(([, y]) => y)) - 0.05), 1];
  return {
    ...PANEL,
    marginLeft: 40,
    x: { domain: [0, 1] },
    y: { domain, clamp: true },
    marks: [
      Plot.gridY(ticksOf(domain, 4), { stroke: COLOUR.rule, strokeOpacity: 1 }),
      Plot.axisY(ticksOf(domain, 4), { tickSize: 0, label: null, tickFormat: percent, fill: COLOUR.muted }),
      Plot.axisX([0, 0.5, 1], { tickSize: 0, label: null, tickFormat: percent, fill: COLOUR.muted }),
      Plot.ruleY([base], { stroke: COLOUR.muted, strokeDasharray: '2,3' }),
      Plot.text([{ x: 0, y: base }], {
        x: 'x',
        y: 'y',
        text: () => 'random',
        dy: 11,
        textAnchor: 'start',
        fill: COLOUR.muted,
        ...HALO,
      }),
      Plot.line(points, { stroke: COLOUR.accent, strokeWidth: 2.2 }),
    ],
  };
}

/** What a policy says against what is seen, in bins of equal mass. */
export function reliabilityPanel(curve: PolicyCurve): ChartOptions | undefined {
  const bins = curve.calibration?.bins;
  if (!bins) return undefined;
  const reach = Math.min(1, Math.max(0.2, ...bins.flatMap(({ said, seen }) => [said, seen])) * 1.1);
  const ticks = ticksOf([0, reach], 4);
  return {
    ...PANEL,
    height: PANEL_WIDTH,
    marginLeft: 40,
    x: { domain: [0, reach] },
    y: { domain: [0, reach] },
    r: { range: [2, 6], domain: [0, Math.max(...bins.map(({ holes }) => holes))] },
    marks: [
      Plot.gridY(ticks, { stroke: COLOUR.rule, strokeOpacity: 1 }),
      Plot.axisY(ticks, { tickSize: 0, label: null, tickFormat: percent, fill: COLOUR.muted }),
      Plot.axisX(ticks, { tickSize: 0, label: null, tickFormat: percent, fill: COLOUR.muted }),
      Plot.line(
        [
          [0, 0],
          [reach, reach],
        ],
        { stroke: COLOUR.muted, strokeDasharray: '2,3' },
      ),
      Plot.line(bins, { x: 'said', y: 'seen', stroke: COLOUR.accent, strokeWidth: 1.2, strokeOpacity: 0.6 }),
      Plot.dot(bins, { x: 'said', y: 'seen', r: 'holes', fill: COLOUR.accent, stroke: COLOUR.paper }),
    ],
  };
}

function signed(value: number): string {
  const text = `${Math.round(Math.abs(value) * 100) / 100}`;
  return value < 0 ? `−${text}` : text;
}
