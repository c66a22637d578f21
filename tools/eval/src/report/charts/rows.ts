import * as Plot from '@observablehq/plot';
import type { Interval } from '../../analysis/index.js';
import { COLOUR, domainOf, HALO, ticksOf, type ChartOptions } from './chart.js';

/** One line of a chart of lines: its label above, its mark below. */
export interface ChartRow {
  readonly label: string;
  readonly value?: Interval;
  /** What is written behind the mark. */
  readonly text: string;
  readonly isEmphasised?: boolean;
  /** A second value, drawn as a ring. */
  readonly second?: number;
  /** A value to be compared with, drawn as a stroke across. */
  readonly reference?: number;
}

export interface RowsOptions {
  readonly width: number;
  /** `bar` from zero, or `dot`, where zero means nothing. */
  readonly mark: 'bar' | 'dot';
  readonly domain?: readonly [number, number];
  readonly format: (value: number) => string;
  /** A vertical line with its label, such as zero or a published number. */
  readonly line?: { readonly at: number; readonly label: string };
  /** Room to the right for the texts, pixels. Default 64. */
  readonly marginRight?: number;
}

const ROW = 42;

/** Labelled lines with intervals: what stands above each mark needs no margin and is never cut. */
export function rowsChart(rows: readonly ChartRow[], options: RowsOptions): ChartOptions {
  const { width, mark, format, line } = options;
  const domain = options.domain ?? rowsDomain(rows, mark, line?.at);
  const data = rows.map((row, y) => ({
    ...row,
    y,
    x: row.value?.estimate,
    low: row.value?.low,
    high: row.value?.high,
    colour: row.isEmphasised ? COLOUR.accent : COLOUR.muted,
    fill: row.isEmphasised ? COLOUR.accent : COLOUR.faint,
  }));
  type Datum = (typeof data)[number];
  const known = data.filter(({ x }) => x !== undefined);
  const ranged = known.filter(({ low, high }) => low !== undefined && high !== undefined && low !== high);
  const clamp = (value: number | undefined) =>
    value === undefined ? undefined : Math.min(domain[1], Math.max(domain[0], value));
  const ticks = ticksOf(domain, width > 500 ? 6 : 4);
  return {
    width,
    height: rows.length * ROW + 44,
    marginLeft: 4,
    marginRight: options.marginRight ?? 64,
    marginTop: line ? 22 : 8,
    marginBottom: 22,
    x: { domain: [...domain], axis: null },
    y: { domain: [-0.55, rows.length - 0.35], reverse: true, axis: null },
    marks: [
      Plot.ruleX(ticks, { stroke: COLOUR.rule }),
      Plot.axisX(ticks, { tickSize: 0, tickFormat: format, label: null, fill: COLOUR.muted }),
      ...(line
        ? [
            Plot.ruleX([line.at], { stroke: COLOUR.ink, strokeDasharray: '2,3' }),
            Plot.text([line], {
              x: 'at',
              text: 'label',
              frameAnchor: 'top',
              dy: -14,
              fill: COLOUR.muted,
              textAnchor: anchorAt(line.at, domain),
            }),
          ]
        : []),
      ...(mark === 'bar'
        ? [
            Plot.rect(known, {
              x1: Math.max(0, domain[0]),
              x2: (d: Datum) => clamp(d.x),
              y1: (d: Datum) => d.y - 0.02,
              y2: (d: Datum) => d.y + 0.3,
              fill: 'fill',
            }),
          ]
        : []),
      Plot.link(ranged, {
        x1: (d: Datum) => clamp(d.low),
        x2: (d: Datum) => clamp(d.high),
        y1: (d: Datum) => d.y + 0.14,
        y2: (d: Datum) => d.y + 0.14,
        stroke: mark === 'bar' ? COLOUR.ink : 'colour',
        strokeWidth: mark === 'bar' ? 1 : 2.5,
        strokeOpacity: mark === 'bar' ? 0.75 : 0.55,
      }),
      ...(mark === 'dot'
        ? [
            Plot.dot(known, {
              x: 'x',
              y: (d: Datum) => d.y + 0.14,
              r: 4.5,
              fill: 'colour',
              stroke: COLOUR.paper,
            }),
          ]
        : []),
      Plot.ruleX(
        data.filter(({ reference }) => reference !== undefined),
        {
          x: 'reference',
          y1: (d: Datum) => d.y - 0.1,
          y2: (d: Datum) => d.y + 0.38,
          stroke: COLOUR.ink,
          strokeWidth: 2,
        },
      ),
      Plot.dot(
        data.filter(({ second }) => second !== undefined),
        {
          x: 'second',
          y: (d: Datum) => d.y + 0.14,
          r: 4,
          stroke: COLOUR.ink,
          fill: COLOUR.paper,
          strokeWidth: 1.5,
        },
      ),
      Plot.text(data, {
        frameAnchor: 'left',
        y: (d: Datum) => d.y - 0.25,
        text: 'label',
        textAnchor: 'start',
        fill: COLOUR.ink,
        fontWeight: 'normal',
        ...HALO,
      }),
      Plot.text(data, {
        frameAnchor: 'right',
        y: (d: Datum) => d.y + 0.14,
        text: 'text',
        textAnchor: 'start',
        dx: 8,
        fill: (d: Datum) => (d.isEmphasised ? COLOUR.accent : COLOUR.ink),
        fontVariant: 'tabular-nums',
      }),
    ],
  };
}

/** Labels near an edge lean inwards. */
function anchorAt(value: number, [low, high]: readonly [number, number]): 'start' | 'middle' | 'end' {
  const place = (value - low) / (high - low);
  return place < 0.2 ? 'start' : place > 0.8 ? 'end' : 'middle';
}

function rowsDomain(rows: readonly ChartRow[], mark: 'bar' | 'dot', line?: number): [number, number] {
  const values = rows.flatMap(({ value, second, reference }) => [
    ...(value ? [value.estimate, value.low ?? value.estimate, value.high ?? value.estimate] : []),
    ...(second === undefined ? [] : [second]),
    ...(reference === undefined ? [] : [reference]),
  ]);
  const [low, high] = domainOf([
    ...values,
    ...(line === undefined ? [] : [line]),
    ...(mark === 'bar' ? [0] : []),
  ]);
  return mark === 'bar' && Math.min(...values, 0) === 0 ? [0, high] : [low, high];
}
