/**
 * Why one source did not deliver.
 * - `unreachable`: no answer, a refusal, a broken connection;
 * - `mismatch`: it answered with something that is not the file of the catalogue.
 */
export type SourceFailure = 'unreachable' | 'mismatch';

/** A source's failure; pulling goes on with the next source. The message is for people. */
export class SourceError extends Error {
  readonly failure: SourceFailure;

  constructor(failure: SourceFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.failure = failure;
  }
}
