import type { Interval } from './bootstrap.js';

/** Fewer holes than this tell nothing, whatever an interval says. */
export const FEWEST_HOLES = 30;

/** Keeps a number and its unit on one line. */
const NBSP = '\u00a0';

/** A share as people read it: `81 %` with a space that does not break, one decimal below 10 %. */
export function percent(share: number): string {
  const value = share * 100;
  const digits = Math.abs(value) < 9.95 && Math.abs(value) >= 0.05 ? 1 : 0;
  return `${minus(value, digits)}${NBSP}%`;
}

/** Points of a percentage, with their sign: `+1.2`, `−0.4`, `±0.0`. */
export function points(value: number): string {
  const text = minus(value, 1);
  if (Number(value.toFixed(1)) === 0) return '±0.0';
  return value > 0 ? `+${text}` : text;
}

/** Milliseconds up to a second, then seconds. */
export function duration(ms: number): string {
  if (ms >= 9950) return `${(ms / 1000).toFixed(0)}${NBSP}s`;
  return ms >= 995 ? `${(ms / 1000).toFixed(1)}${NBSP}s` : `${ms.toFixed(ms < 9.95 ? 1 : 0)}${NBSP}ms`;
}

/** A threshold in three digits, as many as it deserves: `0.151`. */
export function thresholdText(threshold: number): string {
  return `${Number(threshold.toPrecision(3))}`;
}

/** `81 % (95 % interval 78 % to 84 %)`, without the brackets where the interval cannot be known. */
export function withInterval(interval: Interval, format: (value: number) => string): string {
  const { estimate, low, high } = interval;
  if (low === undefined || high === undefined) return `${format(estimate)} (interval unknown)`;
  return `${format(estimate)} (95${NBSP}% interval ${format(low)} to ${format(high)})`;
}

/** `1 hole`, `1,234 holes`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number.toLocaleString('en-GB')} ${number === 1 ? singular : plural}`;
}

/** How an interval stands to a number that others measured. */
export function against(interval: Interval, published: number): 'above' | 'below' | 'agrees' | 'unknown' {
  const { low, high } = interval;
  if (low === undefined || high === undefined) return 'unknown';
  if (low > published) return 'above';
  return high < published ? 'below' : 'agrees';
}

/** With a true minus sign, and none before a zero. */
function minus(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}
