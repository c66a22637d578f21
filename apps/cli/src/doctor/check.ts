export type CheckLevel = 'ok' | 'warn' | 'fail';

/** What one look found. */
export interface CheckResult {
  /** What was looked at, in a word or two. */
  readonly name: string;
  readonly level: CheckLevel;
  readonly message: string;
  /** What to do; set unless all is well. */
  readonly advice?: string;
}

export const ok = (name: string, message: string): CheckResult => ({ name, level: 'ok', message });

export const warn = (name: string, message: string, advice: string): CheckResult => ({
  name,
  level: 'warn',
  message,
  advice,
});

export const fail = (name: string, message: string, advice: string): CheckResult => ({
  name,
  level: 'fail',
  message,
  advice,
});
