import { AppError } from '@repoformer/domain';
import { createProgram } from './cli/program.js';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

try {
  await createProgram(interrupted.signal).parseAsync();
} catch (error) {
  const isKnown = error instanceof AppError;
  process.stderr.write(`error: ${isKnown ? error.message : String((error as Error)?.stack ?? error)}\n`);
  process.exitCode = isKnown && error.kind === 'invalid_argument' ? 2 : 1;
}
