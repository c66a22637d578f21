import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { escapeHtml, Html, markup, spellOut } from '../html.js';

/** What someone who does not see a chart is told. */
export interface ChartText {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

/** Widths in pixels at which text in charts has its natural size. */
export const PANEL_WIDTH = 280;
const NARROW_WIDTH = 340;
const WIDE_WIDTH = 760;

/** Colours are the page's variables, so that one drawing serves light, dark and paper. */
export const COLOUR = {
  accent: 'var(--accent)',
  ink: 'var(--ink)',
  muted: 'var(--muted)',
  faint: 'var(--faint)',
  rule: 'var(--rule)',
  paper: 'var(--paper)',
} as const;

/** An outline in the page's colour keeps text readable where it crosses lines. */
export const HALO = { stroke: COLOUR.paper, strokeWidth: 4 } as const;

type Marks = NonNullable<Plot.PlotOptions['marks']>;
export interface ChartOptions extends Omit<Plot.PlotOptions, 'marks' | 'document'> {
  readonly marks: Marks;
}

/** What is used of the drawing: this project's own code has no DOM types. */
interface Drawing {
  readonly outerHTML: string;
  querySelectorAll(selector: string): Iterable<{ textContent: string }>;
}

/** Labels are people's own words: there is no end to them, but there is to the space. */
const LONGEST_LABEL = 44;

/** Draws a chart on the server, as an SVG with a name and a description. */
export function chart(text: ChartText, options: ChartOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const drawn = Plot.plot({
    ...options,
    document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
    className: 'plot',
  }) as unknown as Drawing;
  for (const words of drawn.querySelectorAll('text')) {
    words.textContent = shortened(spellOut(words.textContent));
  }
  // The page's own style sheet says what Plot's would; a policy that forbids inline styles would refuse it.
  const svg = drawn.outerHTML.replace(/<style>[\s\S]*?<\/style>/, '');
  const open = `<svg role="img" aria-labelledby="${text.id}-t ${text.id}-d" `;
  const names = `<title id="${text.id}-t">${escapeHtml(text.title)}</title><desc id="${text.id}-d">${escapeHtml(text.description)}</desc>`;
  return new Html(svg.replace(/^<svg [^>]*>/, (tag) => tag.replace('<svg ', open) + names));
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length <= LONGEST_LABEL ? text : `${characters.slice(0, LONGEST_LABEL - 1).join('')}…`;
}

/** A chart drawn twice, for telephones and for screens: text keeps its size on both. */
export function responsive(text: ChartText, options: (width: number) => ChartOptions): Html {
  const at = (width: number, suffix: string) =>
    chart({ ...text, id: `${text.id}-${suffix}` }, { ...options(width), width });
  return markup`<div class="narrow">${at(NARROW_WIDTH, 'n')}</div>
    <div class="wide">${at(WIDE_WIDTH, 'w')}</div>`;
}

/** Small multiples: the same drawing, once each, in as many columns as fit. */
export function multiples(panels: readonly { title: string; note?: string; drawing: Html }[]): Html {
  return markup`<div class="multiples">
    ${panels.map(
      ({ title, note, drawing }) =>
        markup`<div class="panel">
          <h4>${title}</h4>
          ${note === undefined ? '' : markup`<p class="note">${note}</p>`}${drawing}
        </div>`,
    )}
  </div>`;
}

/** Evenly spaced round numbers for an axis, as many as come next below `most` + 1. */
export function ticksOf([low, high]: readonly [number, number], most: number): number[] {
  const power = 10 ** Math.floor(Math.log10((high - low) / most));
  const fits = (step: number) => (high - low) / step < most + 0.9;
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find(fits) ?? 20 * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiplying by a step such as 0.1 leaves digits that no label should show.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** A domain with some air around the values, never empty. */
export function domainOf(values: readonly number[], air = 0.08): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const size = Math.max(1, Math.abs(low), Math.abs(high));
  // Values that differ by rounding alone are one value: an axis between them would have no ticks.
  const margin = high - low > 1e-6 * size ? (high - low) * air : size * air;
  return [low - margin, high + margin];
}
