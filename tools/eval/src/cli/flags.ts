import { InvalidArgumentError } from 'commander';

/** Reads a flag that is a whole number of 0 or more. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('it must be a whole number of 0 or more.');
}

/** Reads a flag that is a whole number of 1 or more. */
export function positive(text: string): number {
  const value = wholeNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('it must be a whole number of 1 or more.');
}

/** `, 12 min left`, or nothing before anything is known. @param rate a second */
export function timeLeft(left: number, rate: number | undefined): string {
  if (rate === undefined || rate <= 0) return '';
  const minutes = Math.ceil(left / rate / 60);
  return minutes < 90 ? `, ${minutes} min left` : `, ${(minutes / 60).toFixed(1)} h left`;
}
