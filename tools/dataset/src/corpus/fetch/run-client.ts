import { AppError } from '@repoformer/domain';
import type { PackageEntry } from '../manifest.js';
import { complaint, runCommand, type CommandResult } from '../run-command.js';
import type { FetchOptions } from './ecosystem.js';

/**
 * Runs a registry's client for an entry.
 *
 * @throws AppError failed_precondition when the client is missing, unavailable when it fails, cancelled,
 * deadline_exceeded
 */
export async function runClient(
  client: string,
  args: readonly string[],
  entry: PackageEntry,
  { directory, env, timeoutMs, signal }: FetchOptions,
): Promise<CommandResult> {
  const result = await runCommand(client, args, { cwd: directory, env, timeoutMs, signal });
  if (result.code === undefined) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${entry.name}: it is fetched by ${client}, which is not on this machine; install it, or take the entry out of the manifest`,
    });
  }
  if (result.code !== 0) throw fetchFailed(entry, `${client}: ${complaint(result.stderr)}`);
  return result;
}

/** The error of an entry that its client did not bring. */
export function fetchFailed(entry: PackageEntry, problem: string, cause?: unknown): AppError {
  return new AppError({
    kind: 'unavailable',
    reason: 'INTERNAL',
    message: `${entry.name} was not fetched: ${problem}; check name, version and this machine's registry settings, and run the command again`,
    meta: { name: entry.name },
    cause,
  });
}
