import * as Plot from '@observablehq/plot';
import { percent, type Effect } from '../../analysis/index.js';
import { COLOUR, HALO, ticksOf, type ChartOptions } from './chart.js';

/** Bins are drawn as equal slots, no change in a slot of its own between losses and gains. */
export function effectHistogram(effect: Effect, width: number): ChartOptions {
  const half = effect.bins.length / 2;
  const bars = [
    ...effect.bins.map((bin, i) => ({
      slot: i < half ? i - half : i - half + 1,
      share: bin.holes / effect.holes,
      fill: bin.from < 0 ? COLOUR.ink : COLOUR.accent,
    })),
    { slot: 0, share: effect.unchanged / effect.holes, fill: COLOUR.faint },
  ];
  const top = Math.max(...bars.map(({ share }) => share));
  const ticks = ticksOf([0, top], 3).filter((tick) => tick > 0);
  const edges = [-100, -50, 0, 50, 100].map((gain) => ({
    x: gain === 0 ? 0 : (gain / 100) * half + Math.sign(gain) * 0.5,
    text: gain === 0 ? '0' : gain > 0 ? `+${gain}` : `−${-gain}`,
  }));
  const label = (share: number | undefined, words: string) => `${percent(share ?? 0)} ${words}`;
  // Beside the tall bar of no change there is always room.
  const texts = [
    { x: -half / 2 - 0.5, y: 0.62, text: label(effect.worse?.estimate, 'worse'), fill: COLOUR.ink },
    { x: half / 2 + 0.5, y: 0.62, text: label(effect.better?.estimate, 'better'), fill: COLOUR.accent },
  ];
  return {
    width,
    height: width > 500 ? 280 : 220,
    marginLeft: 14,
    marginRight: 18,
    marginTop: 24,
    marginBottom: 28,
    x: { domain: [-half - 0.6, half + 0.6], axis: null },
    y: { domain: [0, top], axis: null },
    marks: [
      Plot.gridY(ticks, { stroke: COLOUR.rule, strokeOpacity: 1 }),
      Plot.text(ticks, {
        frameAnchor: 'left',
        y: (tick: number) => tick,
        text: (tick: number) => percent(tick),
        textAnchor: 'start',
        dy: -7,
        fill: COLOUR.muted,
      }),
      Plot.rect(bars, {
        x1: (d: (typeof bars)[number]) => d.slot - 0.44,
        x2: (d: (typeof bars)[number]) => d.slot + 0.44,
        y1: 0,
        y2: 'share',
        fill: 'fill',
      }),
      Plot.ruleY([0], { stroke: COLOUR.ink }),
      Plot.text(edges, { x: 'x', y: 0, text: 'text', dy: 14, fill: COLOUR.muted }),
      Plot.text([{ x: 0, y: bars.at(-1)?.share ?? 0, text: label(effect.same?.estimate, 'no change') }], {
        x: 'x',
        y: 'y',
        text: 'text',
        dy: -10,
        fill: COLOUR.ink,
        ...HALO,
      }),
      Plot.text(texts, {
        x: 'x',
        y: (d: (typeof texts)[number]) => d.y * top,
        text: 'text',
        fill: 'fill',
        fontSize: width > 500 ? 20 : 15,
        fontWeight: 600,
      }),
    ],
  };
}

/** Worse, no change and better as parts of one bar, a line for all holes and for each kind. */
export function effectBars(
  groups: readonly { readonly label: string; readonly effect: Effect }[],
  width: number,
): ChartOptions {
  const parts = groups.flatMap(({ effect }, y) => {
    const [worse, same, better] = [effect.worse, effect.same, effect.better].map((one) => one?.estimate ?? 0);
    let from = 0;
    return [
      { share: worse ?? 0, fill: COLOUR.ink, colour: COLOUR.paper },
      { share: same ?? 0, fill: COLOUR.faint, colour: COLOUR.ink },
      { share: better ?? 0, fill: COLOUR.accent, colour: COLOUR.paper },
    ].map((part) => {
      const x1 = from;
      from += part.share;
      return { ...part, y, x1, x2: from };
    });
  });
  type Part = (typeof parts)[number];
  return {
    width,
    height: groups.length * 48 + 14,
    marginLeft: 4,
    marginRight: 4,
    marginTop: 8,
    marginBottom: 4,
    x: { domain: [0, 1], axis: null },
    y: { domain: [-0.5, groups.length - 0.4], reverse: true, axis: null },
    marks: [
      Plot.rect(parts, {
        x1: 'x1',
        x2: 'x2',
        y1: (d: Part) => d.y - 0.05,
        y2: (d: Part) => d.y + 0.4,
        fill: 'fill',
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      Plot.text(
        parts.filter(({ share }) => share * width > 34),
        {
          x: (d: Part) => (d.x1 + d.x2) / 2,
          y: (d: Part) => d.y + 0.175,
          text: (d: Part) => percent(d.share),
          fill: 'colour',
        },
      ),
      Plot.text(groups, {
        frameAnchor: 'left',
        y: (_: unknown, y: number) => y - 0.27,
        text: (d: (typeof groups)[number]) => `${d.label} (${d.effect.holes.toLocaleString('en-GB')})`,
        textAnchor: 'start',
        fill: COLOUR.ink,
      }),
    ],
  };
}
