import type { Command } from 'commander';
import { AppError } from '@repoformer/domain';
import type { CliContext } from '../cli-context.js';
import { action, examples } from '../command.js';
import { stopDaemon } from '../daemon/stop-daemon.js';
import type { Host } from '../host.js';

export function addDownCommand(program: Command, host: Host): void {
  const command = program
    .command('down')
    .description('Stop the daemon. Completions that run may finish, for up to five seconds.')
    .option('--force', 'end it at once, also where it does not answer; nothing of the index is lost')
    .action(action(host, down));
  examples(command, [
    ['repoformer down', 'the daemon of the default data directory'],
    ['repoformer down --data-dir /tmp/rf', 'another one'],
  ]);
}

async function down(context: CliContext): Promise<void> {
  const { output, signal } = context;
  const { dataDir, socket } = context.settings.config;
  output.progress('stopping the daemon');
  const stopped = await stopDaemon(dataDir, { signal, force: context.options['force'] === true });
  output.clearProgress();
  if (stopped === undefined && (await context.isDaemonUp())) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'INVALID_REQUEST',
      message: `the daemon at ${socket} does not serve the data directory ${dataDir}`,
      meta: { hint: 'name its data directory with --data-dir' },
    });
  }
  if (output.json)
    await output.value({
      stopped: stopped !== undefined,
      ...(stopped !== undefined && { pid: stopped.pid }),
    });
  else await output.line(stopped === undefined ? 'not running' : `stopped (process ${stopped.pid})`);
}
