import { InvalidArgumentError } from 'commander';

/** Reads a flag that is a whole number of 0 or more. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('it must be a whole number of 0 or more.');
}

/** Reads a flag that is a number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('it must be a number from 0 to 1.');
}
