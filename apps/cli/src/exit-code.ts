import { AppError } from '@repoformer/domain';

/** What the program's exit status means; `repoformer --help` prints it. */
export const EXIT_CODES = {
  ok: 0,
  failure: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  interrupted: 130,
} as const;

/** A program that a command ran for us failed, and has said why: its exit status is ours. */
export class ToolFailure extends Error {
  constructor(readonly exitCode: number) {
    super(`exit code ${exitCode}`);
  }
}

/** The exit status of a failure. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ToolFailure) return error.exitCode;
  if (!(error instanceof AppError)) return EXIT_CODES.failure;
  if (error.reason === 'DAEMON_UNREACHABLE') return EXIT_CODES.unreachable;
  switch (error.kind) {
    case 'invalid_argument':
      return EXIT_CODES.usage;
    case 'not_found':
      return EXIT_CODES.notFound;
    case 'cancelled':
      return Number(error.meta['exitCode'] ?? EXIT_CODES.interrupted);
    default:
      return EXIT_CODES.failure;
  }
}
