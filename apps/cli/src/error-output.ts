import { AppError } from '@repoformer/domain';
import type { ErrorReason } from '@repoformer/domain';
import type { Output } from './output.js';
import { printable } from './render/style.js';

/** What to do about a failure, where its message does not say. */
const HINTS: Partial<Record<ErrorReason, string>> = {
  DAEMON_UNREACHABLE: 'start it with "repoformer up", or ask "repoformer doctor" what is wrong',
  REPOSITORY_NOT_FOUND:
    'register it with "repoformer repo add PATH"; "repoformer repo list" shows those there are',
  MODEL_NOT_LOADED:
    '"repoformer model list" shows what is there, "repoformer model pull" gets the default model',
  ENGINE_BUSY: 'try again in a moment',
  ENGINE_CRASHED: 'try again; the daemon has restarted the inference process',
  ENGINE_UNAVAILABLE: 'try again in a moment',
  INDEX_UNAVAILABLE: 'try again in a moment',
  STORE_UNAVAILABLE: 'ask "repoformer doctor" what is wrong',
  SHUTTING_DOWN: 'run the command again: it starts the daemon anew',
};

/** Failures of the program itself: unexpected, so the message alone would not help to find them. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError({
    kind: 'internal',
    reason: 'INTERNAL',
    message: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}

/** The hint that belongs to a failure: its own, or that of its reason. */
export function hintOf(error: AppError): string | undefined {
  return error.meta['hint'] ?? HINTS[error.reason];
}

/** Facts that this program leaves for itself. */
const OWN_FACTS = new Set(['exitCode', 'hint']);

/** One line, and a hint below it; with `--json` one object. Both on stderr. */
export function printError(output: Output, error: AppError, debug: boolean): void {
  const hint = hintOf(error);
  if (output.json) {
    const { kind, reason, message } = error;
    const metadata = Object.fromEntries(Object.entries(error.meta).filter(([key]) => !OWN_FACTS.has(key)));
    output.error(JSON.stringify({ error: { kind, reason, message, metadata } }));
    return;
  }
  const style = output.noteStyle;
  output.error(`${style.red('repoformer:')} ${printable(error.message).replaceAll('\n', ' ')}`);
  if (hint !== undefined) output.error(style.dim(`  hint: ${printable(hint)}`));
  if (debug && error.cause instanceof Error) output.error(error.cause.stack ?? String(error.cause));
}
