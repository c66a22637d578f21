import type { Command } from 'commander';
import { AppError } from '@repoformer/domain';
import { optionsOf } from '@repoformer/config';
import type { OptionName } from '@repoformer/config';
import type { CliContext } from '../cli-context.js';
import { action, examples, tableOption } from '../command.js';
import { MODEL_TIMEOUT_MS } from '../daemon/daemon-clients.js';
import type { DaemonClients } from '../daemon/daemon-clients.js';
import { readDaemonRecord } from '../daemon/daemon-lock.js';
import type { Host } from '../host.js';
import { GLOBAL_TABLE_OPTIONS } from '../global-options.js';

export function addUpCommand(program: Command, host: Host): void {
  const command = program
    .command('up')
    .description('Start the daemon, unless it runs, and wait until its model is loaded.');
  for (const { name } of optionsOf('daemon')) {
    if (!GLOBAL_TABLE_OPTIONS.includes(name)) command.addOption(tableOption(name));
  }
  command.option('--no-wait', 'return once it answers; the model loads in the background');
  command.action(action(host, up));
  examples(command, [
    ['repoformer up', 'with the options of the environment and of your file'],
    ['repoformer up --model ./my-model.gguf', 'with a model of your own'],
    ['repoformer up --listen 127.0.0.1:4317', 'at a TCP port as well'],
    ['repoformer down && repoformer up --gpu none', 'options apply when it starts'],
  ]);
}

async function up(context: CliContext): Promise<void> {
  const { output } = context;
  const { config } = context.settings;
  const wasRunning = await context.isDaemonUp();
  if (wasRunning) warnOfIgnoredOptions(context);
  const clients = await context.connect();
  const record = readDaemonRecord(config.dataDir);
  if (!output.json) {
    const pid = record === undefined ? '' : ` (process ${record.pid})`;
    await output.line(`${wasRunning ? 'running' : 'started'} at ${config.socket}${pid}`);
  }
  const problem = context.options['wait'] === false ? undefined : await loadModel(context, clients);
  if (output.json) {
    await output.value({
      state: wasRunning ? 'running' : 'started',
      socket: config.socket,
      dataDir: config.dataDir,
      ...(record !== undefined && { pid: record.pid, version: record.version }),
    });
  }
  if (problem !== undefined) throw problem;
}

/** Options take effect when a daemon starts, so saying nothing would hide that these have none. */
function warnOfIgnoredOptions({ output, settings }: CliContext): void {
  const ignored = optionsOf('daemon')
    .map(({ name }) => name as OptionName)
    .filter(
      (name) =>
        settings.origins[name].kind === 'flag' &&
        name !== 'data-dir' &&
        name !== 'socket' &&
        name !== 'model',
    );
  if (ignored.length === 0) return;
  output.note(
    output.noteStyle.yellow(
      `It runs already, so ${ignored.map((name) => `--${name}`).join(', ')} has no effect; run "repoformer down" first.`,
    ),
  );
}

/** Waits for the model; a failure to load is the most usual trouble, so it is told here and not at the first use. */
async function loadModel(context: CliContext, clients: DaemonClients): Promise<AppError | undefined> {
  const { output, signal } = context;
  output.progress('loading the model');
  try {
    await clients.completion.warm(
      { request: { path: 'warm', prefix: '\n' } },
      { signal, timeoutMs: MODEL_TIMEOUT_MS },
    );
  } catch (error) {
    if (!(error instanceof AppError) || error.kind === 'cancelled') throw error;
    return error;
  }
  const { models } = await clients.model.listModels({}, { signal });
  output.clearProgress();
  if (output.json) return undefined;
  for (const { name, device, roles, family } of models) {
    await output.line(
      `${roles.join(', ')}: ${name}${family === '' ? '' : `, family ${family}`}${device === '' ? '' : `, on ${device}`}`,
    );
  }
  return undefined;
}
