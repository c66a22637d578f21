import { harmOf, HARM_POINTS } from './answers.js';
import type { Interval, Resampler } from './bootstrap.js';
import type { ClusterUnit } from './clusters.js';
import { pairedDifferences } from './differences.js';
import type { HoleResult } from '../results.js';
import type { ModeRow } from './mode-table.js';
import type { Mode } from './modes.js';
import { hasContext, isHelpedAlong } from './outcomes.js';
import { count, duration, FEWEST_HOLES, percent, points, thresholdText, withInterval } from './words.js';

/** Whether context, given always, pays with this model. */
export type Pays = 'yes' | 'no' | 'indifferent' | 'unknown';
/** `certain`: the interval of every difference it rests on is on one side; `likely`: the estimates are. */
export type Confidence = 'certain' | 'likely' | 'none';

/** The report in words. */
export interface Verdict {
  readonly pays: Pays;
  /** Always less never, in points of edit similarity. */
  readonly effect?: Interval;
  /** The mode to use; absent where that cannot be told. */
  readonly recommended?: { readonly key: string; readonly label: string; readonly threshold?: number };
  readonly confidence: Confidence;
  /** One sentence: the answer. */
  readonly headline: string;
  /** What it rests on, a sentence each. */
  readonly reasons: readonly string[];
  /** What to do, one sentence. */
  readonly advice: string;
}

/** A mean change of edit similarity within this many points makes no difference that anyone would notice. */
const INDIFFERENT_POINTS = 1;
const UNIT_WORDS: Record<ClusterUnit, string> = {
  repository: 'other repositories',
  file: 'other files of the same repositories',
  hole: 'other holes of the same files',
};

/**
 * Which of never, the listed policies and always to use: the cheapest from an empty cache whose edit similarity is
 * within one standard error of the best. Thresholds are taken as given: the best one on these holes would flatter
 * itself.
 */
export function verdictOf(
  results: readonly HoleResult[],
  modes: readonly Mode[],
  rows: readonly ModeRow[],
  resampler: Resampler,
  unit: ClusterUnit,
): Verdict {
  const always = rowOf(rows, 'always');
  const effect = always.versusNever.editSimilarity;
  const withHits = results.filter(hasContext).length;
  if (withHits < FEWEST_HOLES || effect?.low === undefined) return tooFew(results.length, withHits, effect);
  const pays = paysOf(effect);
  const candidates = rows.filter(({ family }) => family === 'fixed' || family === 'listed');
  const best = candidates.reduce((a, b) => (similarity(b) > similarity(a) ? b : a));
  const toBest = (row: ModeRow) => difference(results, modes, row.key, best.key, resampler);
  const acceptable = candidates.filter((row) => {
    if (row === best) return true;
    const { estimate = 0, standardError = 0 } = toBest(row) ?? {};
    return estimate >= -standardError;
  });
  const chosen = acceptable.reduce((a, b) => (b.latency.cold.mean < a.latency.cold.mean ? b : a));
  const listed = candidates.filter(({ family }) => family === 'listed').length;
  const confidence = confidenceOf(chosen, best, toBest(chosen), results.length);
  return {
    pays,
    effect,
    recommended: {
      key: chosen.key,
      label: chosen.label,
      ...(chosen.threshold !== undefined && { threshold: chosen.threshold }),
    },
    confidence,
    headline: headline(pays, effect, chosen, results.length),
    reasons: reasons(chosen, best, toBest(chosen), always, results.length, listed, unit),
    advice: advice(chosen, confidence, results.some(isHelpedAlong)),
  };
}

function tooFew(holes: number, withHits: number, effect: Interval | undefined): Verdict {
  const seen = withHits < holes ? `, ${withHits.toLocaleString('en-GB')} of them with context` : '';
  return {
    pays: 'unknown',
    ...(effect && { effect }),
    confidence: 'none',
    headline: `Whether retrieval pays here cannot be told with ${count(holes, 'hole')}${seen}.`,
    reasons: [
      `Fewer than ${FEWEST_HOLES} holes with context, or all from one place, say nothing of the next one.`,
    ],
    advice: 'Keep the policy that is set, and measure again with at least 200 holes from several files.',
  };
}

function paysOf({ low = -Infinity, high = Infinity }: Interval): Pays {
  if (low >= -INDIFFERENT_POINTS && high <= INDIFFERENT_POINTS) return 'indifferent';
  if (low > 0) return 'yes';
  return high < 0 ? 'no' : 'unknown';
}

/** What is recommended decides how it is said: a policy may pay where always does not. */
function headline(pays: Pays, effect: Interval, chosen: ModeRow, holes: number): string {
  const gain = chosen.versusNever.editSimilarity;
  if ((chosen.family === 'listed' || chosen.name === 'copy') && gain) {
    const where = chosen.name === 'copy' ? 'copied from, unread' : `where “${chosen.label}” asks for it`;
    const saving = chosen.speedUp.cold;
    const time =
      saving?.low !== undefined && saving.low > 0
        ? `, in ${percent(saving.estimate)} less time than always`
        : '';
    const brings = `${withInterval(gain, points)} points of edit similarity over none${time}`;
    if (gain.low !== undefined && gain.low > 0) {
      return `Context from other files pays here ${where}: ${brings}.`;
    }
    return `Whether context from other files pays here cannot be told with ${count(holes, 'hole')}, even ${where}: ${brings}.`;
  }
  const change = withInterval(effect, points);
  switch (pays) {
    case 'yes':
      return `Context from other files pays here: given always, it changes edit similarity by ${change} points.`;
    case 'no':
      return `Context from other files does harm here: given always, it changes edit similarity by ${change} points.`;
    case 'indifferent':
      return `Context from other files makes no difference here that one would notice: ${change} points of edit similarity.`;
    case 'unknown':
      return `Whether context from other files pays here cannot be told with ${count(holes, 'hole')}: ${change} points of edit similarity.`;
  }
}

function confidenceOf(
  chosen: ModeRow,
  best: ModeRow,
  toBest: Interval | undefined,
  holes: number,
): Confidence {
  const keepsQuality = chosen === best || harmOf(toBest, holes) === 'yes';
  const isCheaper = chosen.name === 'always' || (chosen.speedUp.cold?.low ?? -1) > 0;
  // The best by estimate is the best for certain only if giving nothing would be worse.
  const beatsNever = chosen.name === 'never' || (chosen.versusNever.editSimilarity?.low ?? -1) > 0;
  return keepsQuality && isCheaper && beatsNever ? 'certain' : 'likely';
}

function reasons(
  chosen: ModeRow,
  best: ModeRow,
  toBest: Interval | undefined,
  always: ModeRow,
  holes: number,
  compared: number,
  unit: ClusterUnit,
): string[] {
  const lines = [
    chosen === best
      ? `${named(chosen)} has the highest edit similarity of what was compared, ${similarity(chosen).toFixed(1)}.`
      : `${named(chosen)} is the cheapest within one standard error of the best, ${named(best)}${toBest ? `: ${withInterval(toBest, points)} points of edit similarity` : ''}.`,
  ];
  const effect = always.versusNever.editSimilarity;
  if (chosen.family === 'listed' && effect) {
    lines.push(`Given always, context changes edit similarity by ${withInterval(effect, points)} points.`);
  }
  if (chosen !== always) {
    const { cold, warm } = chosen.speedUp;
    const [mine, theirs] = [chosen.latency, always.latency];
    const saves = cold && cold.estimate >= 0 ? `${percent(cold.estimate)} less` : 'not less';
    const typing = warm
      ? `; while typing on, ${duration(mine.warm.mean)} instead of ${duration(theirs.warm.mean)}`
      : '';
    lines.push(
      `A completion takes ${duration(mine.cold.mean)} from an empty cache, with always ${duration(theirs.cold.mean)} (${saves})${typing}.`,
    );
  }
  const random = chosen.random?.difference.editSimilarity;
  if (random) {
    const verdict =
      random.low !== undefined && random.low > 0
        ? 'it knows where context helps'
        : random.high !== undefined && random.high < 0
          ? 'it chooses worse than dice'
          : `that it chooses better than dice cannot be told with ${count(holes, 'hole')}`;
    lines.push(`Against context at random, as often: ${withInterval(random, points)} points; ${verdict}.`);
  }
  if (compared > 1 && chosen.family === 'listed') {
    lines.push(`It was chosen among ${compared} policies on these same holes, which flatters it a little.`);
  }
  lines.push(`Intervals say what to expect of ${UNIT_WORDS[unit]}.`);
  return lines;
}

/** @param isHelped whether the policy `never` still lets the model copy from what it does not read */
function advice(chosen: ModeRow, confidence: Confidence, isHelped: boolean): string {
  const sure =
    confidence === 'certain'
      ? ''
      : ` The intervals still allow a loss of more than ${HARM_POINTS} points or no gain at all: more holes would tell.`;
  switch (chosen.name) {
    case 'never':
      return `Turn context off: ${isHelped ? 'ask in mode' : 'use the policy'} “never”.${sure}`;
    case 'copy':
      return `Read nothing: use the policy “never”; what is found is still copied from.${sure}`;
    case 'always':
      return `Use context at every request: the policy “always”.${sure}`;
    default: {
      const at = chosen.threshold === undefined ? '' : ` at threshold ${thresholdText(chosen.threshold)}`;
      const how = chosen.options === undefined ? at : ` (options of the daemon: ${chosen.options})`;
      return `Use “${chosen.label}”${how}: context for ${percent(chosen.share)} of the requests.${sure}`;
    }
  }
}

function named(row: ModeRow): string {
  return `“${row.label}”`;
}

function similarity(row: ModeRow): number {
  return row.quality.editSimilarity?.estimate ?? -Infinity;
}

function difference(
  results: readonly HoleResult[],
  modes: readonly Mode[],
  key: string,
  baseKey: string,
  resampler: Resampler,
): Interval | undefined {
  const find = (wanted: string) => modes.find((mode) => mode.key === wanted);
  const [mode, base] = [find(key), find(baseKey)];
  if (!mode || !base) return undefined;
  return pairedDifferences(results, mode, base, resampler, ['editSimilarity']).editSimilarity;
}

function rowOf(rows: readonly ModeRow[], key: string): ModeRow {
  const row = rows.find((candidate) => candidate.key === key);
  if (!row) throw new Error(`no row for ${key}`);
  return row;
}
