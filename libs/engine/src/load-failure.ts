import { InsufficientMemoryError, NoBinaryFoundError } from 'node-llama-cpp';
import type { Failure } from './inference-protocol.js';

/** A reason for which loading stopped, ready to cross to the daemon. */
export class LoadError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

const MODEL_PREFIX = /^(?:[\w~]+: )+(?:error loading model(?: \w+)?: )*/;
const SAYS_NOTHING = /^(failed to load model|_load|exiting)/i;
const UNSUPPORTED =
  /unknown (model architecture|pre-tokenizer)|unsupported|not (yet )?supported|only supports up to/i;
const OUT_OF_MEMORY =
  /out of memory|insufficient memory|(unable|failed) to allocate|cannot allocate|bad_alloc/i;

/**
 * Says why loading failed: the class of error decides the kind, and what llama.cpp logged is the reason
 * (its exceptions say no more than "Failed to load model").
 *
 * @param subject what was being loaded, for the message: "model NAME", "adapter FILE".
 * @param logged error lines of llama.cpp, oldest first.
 */
export function explainLoadFailure(error: unknown, subject: string, logged: readonly string[]): Failure {
  if (error instanceof LoadError) return error.failure;
  // The header announces more than a file can hold: node's own words about that help nobody.
  const corrupt = error instanceof RangeError;
  const thrown = corrupt ? 'its header is corrupt' : error instanceof Error ? error.message : String(error);
  if (error instanceof NoBinaryFoundError) {
    return {
      kind: 'failed_precondition',
      reason: 'ENGINE_UNAVAILABLE',
      message:
        `no llama.cpp binary is installed for ${process.platform}-${process.arch}: ` +
        'run `npm run backend` in the project to install it',
    };
  }
  const reason = tidy([...logged, thrown]);
  if (error instanceof InsufficientMemoryError || OUT_OF_MEMORY.test(reason)) {
    return {
      kind: 'resource_exhausted',
      reason: 'ENGINE_UNAVAILABLE',
      message: `${subject} does not fit into memory: ${reason}; choose a smaller model or context`,
    };
  }
  return {
    kind: 'failed_precondition',
    reason: UNSUPPORTED.test(reason) ? 'MODEL_UNSUPPORTED' : 'MODEL_INVALID',
    message: `${subject} cannot be loaded: ${reason}`,
  };
}

/** Whether llama.cpp has logged a reason yet: its lines arrive a little after its exception. */
export function tellsReason(logged: readonly string[]): boolean {
  return informative(logged).length > 0;
}

function informative(lines: readonly string[]): string[] {
  return lines
    .map((line) => line.replace(MODEL_PREFIX, '').trim())
    .filter((line) => line !== '' && !SAYS_NOTHING.test(line));
}

function tidy(lines: readonly string[]): string {
  const told = informative(lines);
  return (told[0] ?? lines.at(-1) ?? 'unknown reason').slice(0, 300);
}
