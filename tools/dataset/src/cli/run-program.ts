import type { Command } from 'commander';
import { AppError } from '@repoformer/domain';

/**
 * Runs a tool's command line: Ctrl-C aborts the signal, so that a command can stop where it may go on later. Errors
 * are one line on standard error; exit code 2 for what the caller wrote wrongly, else 1.
 */
export async function runProgram(createProgram: (signal: AbortSignal) => Command): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  process.once('SIGTERM', () => interrupted.abort());
  try {
    await createProgram(interrupted.signal).parseAsync();
  } catch (error) {
    const isKnown = error instanceof AppError;
    const text = isKnown ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`error: ${text}\n`);
    process.exitCode = isKnown && error.kind === 'invalid_argument' ? 2 : 1;
  }
}
