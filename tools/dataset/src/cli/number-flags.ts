import { InvalidArgumentError } from 'commander';

/** Reads a flag that is a number. */
export function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('it must be a number.');
}

/** For a flag that is a whole number of `least` or more. */
export function atLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`it must be a whole number of ${least} or more.`);
  };
}

/** Reads a flag that is a whole number of 0 or more. */
export const wholeNumber = atLeast(0);

/** Reads a flag that is a number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('it must be a number from 0 to 1.');
}
