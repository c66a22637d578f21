import { AppError } from '@repoformer/domain';

/** How `repoformerd` ends. */
export const EXIT = {
  ok: 0,
  failed: 1,
  /** An option, the data directory or an address cannot be used. */
  badConfig: 2,
  /** A daemon already serves the data directory or answers at the socket. */
  alreadyRunning: 3,
} as const;

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof AppError)) return EXIT.failed;
  if (error.reason === 'CONFIG_INVALID') return EXIT.badConfig;
  if (error.reason === 'DAEMON_ALREADY_RUNNING') return EXIT.alreadyRunning;
  return EXIT.failed;
}
