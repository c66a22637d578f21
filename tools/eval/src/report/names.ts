import type { HoleKind } from '@repoformer/dataset';
import { thresholdText, type Analysis, type Interval, type ModeRow } from '../analysis/index.js';

const KINDS: Readonly<Record<HoleKind, string>> = {
  line_rest: 'rest of a line',
  line: 'whole line',
  chunk: 'several lines',
  call: 'call',
  function: 'function body',
};

/** A kind of hole in words. */
export function kindName(kind: string): string {
  return (KINDS as Readonly<Record<string, string | undefined>>)[kind] ?? kind;
}

/** The row that charts emphasise: what is recommended if it is a policy, else the policy that was asked about first. */
export function emphasisedKey({ verdict, modes }: Analysis): string | undefined {
  const isPolicy = (row: ModeRow | undefined) => row?.family === 'listed';
  const recommended = modes.find(({ key }) => key === verdict.recommended?.key);
  return isPolicy(recommended) ? recommended?.key : modes.find(isPolicy)?.key;
}

/** Rows for charts: fixed modes and policies, the references only where no policy was asked about. */
export function chartedRows(modes: readonly ModeRow[]): ModeRow[] {
  const hasListed = modes.some(({ family }) => family === 'listed');
  return modes.filter(
    ({ family }) => family === 'fixed' || family === 'listed' || (family === 'reference' && !hasListed),
  );
}

/** Rows for tables: everything, but coin tosses only beside the emphasised policy. */
export function tabledRows<Row extends Pick<ModeRow, 'key' | 'family'>>(
  rows: readonly Row[],
  analysis: Analysis,
): Row[] {
  const random = `random~${emphasisedKey(analysis)}`;
  return rows.filter(({ key, family }) => family !== 'random' || key === random);
}

/** A label that says the threshold, where the label does not yet. */
export function labelOf({ label, threshold }: Pick<ModeRow, 'label' | 'threshold'>): string {
  return threshold === undefined ||
    label.includes(thresholdText(threshold)) ||
    label.startsWith('Selective_G')
    ? label
    : `${label} > ${thresholdText(threshold)}`;
}

/** `72.4 (71.0–73.8)`, with a word between numbers that have signs; a dash where nothing was measured. */
export function ranged(interval: Interval | undefined, format: (value: number) => string): string {
  if (!interval) return '–';
  const { estimate, low, high } = interval;
  if (low === undefined || high === undefined) return format(estimate);
  const [from, to] = [format(low), format(high)];
  const between = /^[+−±]/.test(from + to) ? ' to ' : '–';
  return `${format(estimate)} (${from.replace(/\u00a0%$/, '')}${between}${to})`;
}
