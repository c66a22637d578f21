import { writeFileSync } from 'node:fs';
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** What one change cost. */
export interface ChangeCost {
  /** Lines of the repository. */
  readonly lines: number;
  /** Files that differ. */
  readonly files: number;
  /** The first time, with contents that were never seen. */
  readonly firstMs: number;
  /** The median of later ones. */
  readonly againMs: number;
}

const STYLE = `<style>
  svg { background: #fff; color: #1c1c1c; font: 12px system-ui, sans-serif; --first: #b8501a; --again: #2a6f97; --rule: #d5d5d5 }
  @media (prefers-color-scheme: dark) {
    svg { background: #161616; color: #e4e4e4; --first: #f0915a; --again: #7cc0e8; --rule: #3a3a3a }
  }
</style>`;

/** Cost against the size of a change as an SVG file; both axes are logarithmic, a slope of one is proportion. */
export function writeChangePlot(path: string, costs: readonly ChangeCost[]): void {
  const points = costs.flatMap(({ files, firstMs, againMs, lines }) => [
    { files, lines, ms: firstMs, which: 'never seen before' },
    { files, lines, ms: againMs, which: 'seen before' },
  ]);
  const whole = Math.max(...costs.map(({ lines }) => lines));
  const colour = (which: string) => (which === 'seen before' ? 'var(--again)' : 'var(--first)');
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const drawn = Plot.plot({
    document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
    className: 'plot',
    width: 720,
    height: 420,
    marginLeft: 56,
    marginRight: 165,
    x: { type: 'log', label: 'files that differ', ticks: 5, tickFormat: ',' },
    y: {
      type: 'log',
      nice: true,
      ticks: 4,
      label: 'milliseconds until searchable and durable',
      grid: true,
      tickFormat: ',',
    },
    marks: [
      Plot.line(
        points.filter(({ lines }) => lines === whole),
        {
          x: 'files',
          y: 'ms',
          z: 'which',
          stroke: ({ which }: (typeof points)[number]) => colour(which),
          strokeWidth: 2,
        },
      ),
      Plot.dot(points, {
        x: 'files',
        y: 'ms',
        stroke: ({ which }: (typeof points)[number]) => colour(which),
        fill: ({ which, lines }: (typeof points)[number]) => (lines === whole ? colour(which) : 'none'),
      }),
      Plot.text(
        points.filter(({ lines }) => lines === whole),
        Plot.selectLast({
          x: 'files',
          y: 'ms',
          z: 'which',
          text: ({ which, ms }: (typeof points)[number]) => `${which}: ${Math.round(ms)}`,
          fill: 'currentColor',
          textAnchor: 'start',
          dx: 8,
        }),
      ),
    ],
  }) as unknown as { readonly outerHTML: string };
  const svg = drawn.outerHTML.replace(/<style>[\s\S]*?<\/style>/, STYLE);
  writeFileSync(
    path,
    svg.includes('xmlns=') ? svg : svg.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" '),
  );
}
