import type { Abstentions } from './abstention.js';
import type { Interval } from './bootstrap.js';
import type { Effect } from './effect.js';
import type { ModeRow } from './mode-table.js';
import { against, count, FEWEST_HOLES, percent, points, withInterval } from './words.js';

/** A loss of edit similarity below this, in points, is no harm worth a name. */
export const HARM_POINTS = 0.5;

/** What the article claims, to be held against. */
export const PUBLISHED = { notHelpful: 0.8, abstentionsRight: 0.85, saved: 0.7 } as const;

/** One of the article's claims on these holes: in numbers and in plain English. */
export interface Answer {
  /** Shares in [0, 1]; absent where nothing was measured. */
  readonly value?: Interval;
  readonly published: number;
  /** What was counted: holes, abstentions. */
  readonly basis: number;
  readonly sentence: string;
}

/** Claim 3 has two numbers: what is saved, and what it does to quality. */
export interface SavingAnswer extends Answer {
  /** While typing on, where `value` is from an empty cache. */
  readonly warm?: Interval;
  /** Points of edit similarity against always. */
  readonly harm?: Interval;
  readonly harmless: Harm;
}

/** `yes`: at worst a loss of {@link HARM_POINTS}; `no`: a loss for certain; `unknown`: neither can be told. */
export type Harm = 'yes' | 'no' | 'unknown';

export interface PolicyAnswers {
  readonly key: string;
  readonly label: string;
  readonly abstentionsRight: Answer;
  readonly saved: SavingAnswer;
}

/** The three claims: the first is of the holes, the others of each policy. */
export interface Answers {
  readonly notHelpful: Answer;
  /** In the order in which the policies were asked about. */
  readonly policies: readonly PolicyAnswers[];
}

export function answersOf(effect: Effect, rows: readonly ModeRow[], holes: number): Answers {
  return {
    notHelpful: notHelpful(effect),
    policies: rows
      .filter(({ abstentions }) => abstentions !== undefined)
      .map((row) => ({
        key: row.key,
        label: row.label,
        abstentionsRight: abstentionsRight(row, row.abstentions),
        saved: saved(row, holes),
      })),
  };
}

/** Claim 1: most retrievals do not help. */
function notHelpful(effect: Effect): Answer {
  const basis = effect.holes;
  const published = PUBLISHED.notHelpful;
  const value = effect.notBetter;
  if (!value) {
    const sentence = `Context was found for none of ${count(effect.withoutHits, 'hole')}: whether it helps cannot be told.`;
    return { published, basis, sentence };
  }
  const useless = Math.round(value.estimate * basis);
  const sentence = `Context from other files brought ${count(useless, 'completion')} of ${basis.toLocaleString('en-GB')} no closer to the truth: ${withInterval(value, percent)}; the article says ${percent(published)}${compared(value, published, basis, 'holes')}.`;
  return { value, published, basis, sentence };
}

/** Claim 2: abstentions are right. */
function abstentionsRight(row: ModeRow, abstentions: Abstentions | undefined): Answer {
  const published = PUBLISHED.abstentionsRight;
  const basis = abstentions?.abstained ?? 0;
  const value = abstentions?.precision;
  if (!abstentions || !value) {
    const sentence = `“${row.label}” never left out context that was there: there is no abstention to judge.`;
    return { published, basis, sentence };
  }
  const base = abstentions.base;
  const chance = base ? ` Abstaining at random would be right in ${percent(base.estimate)}.` : '';
  const sentence = `“${row.label}” left out the context of ${count(basis, 'hole')} and was right in ${abstentions.right.toLocaleString('en-GB')}: ${withInterval(value, percent)}; the article says ${percent(published)}${compared(value, published, basis, 'abstentions')}.${chance}`;
  return { value, published, basis, sentence };
}

/** Claim 3: latency saved without harm. */
function saved(row: ModeRow, holes: number): SavingAnswer {
  const { cold, warm } = row.speedUp;
  const harm = row.versusAlways.editSimilarity;
  const harmless = harmOf(harm, holes);
  const base = {
    published: PUBLISHED.saved,
    basis: holes,
    harmless,
    ...(warm && { warm }),
    ...(harm && { harm }),
  };
  if (!cold || !harm) {
    return { ...base, sentence: `No time was measured for “${row.label}”: what it saves cannot be told.` };
  }
  const typing = warm ? `, and while typing on ${changed(warm)}` : '';
  const words: Record<Harm, string> = {
    yes: (harm.low ?? 0) > 0 ? 'a gain' : `no harm beyond ${HARM_POINTS} points`,
    no: 'a loss that is no accident',
    unknown: `whether that is harm cannot be told with ${count(holes, 'hole')}`,
  };
  const sentence = `Against always, “${row.label}” ${changed(cold)} from an empty cache${typing}. Edit similarity changes by ${withInterval(harm, points)}: ${words[harmless]}. The article says up to ${percent(PUBLISHED.saved)} without harm.`;
  return { ...base, value: cold, sentence };
}

/** What a difference of edit similarity to always (or another) means. */
export function harmOf(difference: Interval | undefined, holes: number): Harm {
  if (difference?.low === undefined || difference.high === undefined || holes < FEWEST_HOLES)
    return 'unknown';
  // A loss within the margin is none, even where it is certain to be one.
  if (difference.low >= -HARM_POINTS) return 'yes';
  return difference.high < 0 ? 'no' : 'unknown';
}

function changed(saving: Interval): string {
  const positive = saving.estimate >= 0;
  const turned: Interval = positive ? saving : flip(saving);
  return `${positive ? 'saves' : 'costs'} ${withInterval(turned, percent)} ${positive ? 'of the time' : 'more time'}`;
}

function flip({ estimate, low, high }: Interval): Interval {
  return {
    estimate: -estimate,
    ...(low !== undefined && high !== undefined && { low: -high, high: -low }),
  };
}

function compared(value: Interval, published: number, basis: number, what: string): string {
  if (basis < FEWEST_HOLES)
    return `, but ${basis} ${basis === 1 ? what.replace(/s$/, '') : what} are too few to tell`;
  switch (against(value, published)) {
    case 'above':
      return ', here it is more';
    case 'below':
      return ', here it is less';
    case 'agrees':
      return ', which agrees';
    case 'unknown':
      return '';
  }
}
