import type { Command } from 'commander';
import { AppError } from '@repoformer/domain';
import type { CliContext } from '../cli-context.js';
import { action, examples } from '../command.js';
import { createDaemonClients } from '../daemon/daemon-clients.js';
import { fail } from '../doctor/check.js';
import type { CheckResult } from '../doctor/check.js';
import { checkDaemon, checkIndex, checkParts } from '../doctor/daemon-checks.js';
import { checkHooks } from '../doctor/hook-checks.js';
import {
  checkBackend,
  checkDataDirectory,
  checkDiskSpace,
  checkGit,
  checkNode,
  checkSocketPath,
} from '../doctor/machine-checks.js';
import { checkModel } from '../doctor/model-checks.js';
import type { Host } from '../host.js';
import { shownOn } from '../render/chunk.js';
import { formatBytes } from '../render/units.js';
import { findRepositoryRoot } from '../repository-of.js';
import { readVersion } from '../version.js';
import { spoolDirectory } from './hooks.js';

export function addDoctorCommand(program: Command, host: Host): void {
  const command = program
    .command('doctor')
    .description('Check everything that could be wrong, and say what to do. Starts and changes nothing.')
    .action(action(host, doctor));
  examples(command, [
    ['repoformer doctor', 'exit code 1 where something fails'],
    ['repoformer doctor --json | jq \'.checks[] | select(.level != "ok")\'', 'what is not well'],
  ]);
}

async function doctor(context: CliContext): Promise<void> {
  const { output } = context;
  const checks: CheckResult[] = [];
  for await (const check of look(context)) {
    checks.push(check);
    if (!output.json) await printCheck(context, check);
  }
  const failed = checks.filter(({ level }) => level === 'fail').length;
  if (output.json) await output.value({ ok: failed === 0, checks });
  if (failed === 0) return;
  throw new AppError({
    kind: 'failed_precondition',
    reason: 'CONFIG_INVALID',
    message: `${failed} of ${checks.length} checks failed`,
    meta: { failed: String(failed) },
  });
}

async function printCheck(
  { output }: CliContext,
  { name, level, message, advice }: CheckResult,
): Promise<void> {
  const { style } = output;
  const show = shownOn(output.terminal);
  const mark = { ok: style.green('ok  '), warn: style.yellow('warn'), fail: style.red('fail') }[level];
  await output.line(`${mark}  ${name.padEnd(14)}  ${show(message)}`);
  if (advice !== undefined) await output.line(`${' '.repeat(22)}${style.dim(`-> ${show(advice)}`)}`);
}

async function* look(context: CliContext): AsyncGenerator<CheckResult> {
  const { host, output, signal } = context;
  yield checkNode(process.versions.node);
  yield await checkGit({ ...host.env }, signal);
  try {
    void context.settings;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // Without options there is no knowing which files and which daemon are meant.
    yield fail('options', error.message, 'correct it; docs/reference/options.md explains each option');
    return;
  }
  const { config } = context.settings;
  yield checkDataDirectory(config.dataDir);
  yield await checkDiskSpace(config.dataDir);
  yield checkBackend(config.gpu, process.platform, process.arch);
  for (const model of new Set([config.model, config.policyModel ?? config.model])) {
    const onBytes = (done: number): void => output.progress(`checking ${model}: ${formatBytes(done)}`);
    const check = await checkModel(model, config, signal, onBytes);
    output.clearProgress();
    yield check;
  }
  yield checkSocketPath(config.socket);
  const facts = {
    address: context.address,
    dataDir: config.dataDir,
    socket: config.socket,
    version: readVersion(),
    signal,
  };
  const daemon = await checkDaemon(facts);
  const { answers, ...daemonCheck } = daemon;
  yield daemonCheck;
  const root = await findRepositoryRoot(host.cwd);
  if (answers) {
    yield* await checkParts(facts);
    if (root !== undefined) {
      const clients = createDaemonClients(context.address);
      try {
        yield await checkIndex(clients, root, signal);
      } catch (error) {
        if (!(error instanceof AppError) || error.kind === 'cancelled') throw error;
        yield fail('index', error.message, 'repoformer doctor, in a moment');
      } finally {
        clients.close();
      }
    }
  }
  if (root !== undefined) yield await checkHooks(root, spoolDirectory(config.dataDir));
}
