import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { HooksReport } from '@repoformer/git';
import type { CliContext } from '../cli-context.js';
import { action, examples } from '../command.js';
import { realPath } from '../document.js';
import type { Host } from '../host.js';
import { shownOn } from '../render/chunk.js';
import type { Style } from '../render/style.js';
import { formatTable } from '../render/units.js';

/** Folder of the data directory where hooks leave their notices for the daemon. */
export const SPOOL_FOLDER = 'spool';

export function addHooksCommands(program: Command, host: Host): void {
  const hooks = program
    .command('hooks')
    .description(
      'Have git tell the daemon of each commit at once. Without hooks it finds them by itself, a little later.',
    );
  const install = hooks
    .command('install')
    .description(
      'Add our lines to post-commit, post-merge, post-checkout and post-rewrite; existing hooks stay.',
    )
    .argument('[PATH]', 'any path inside the repository', '.')
    .option(
      '--tracked',
      'also change hooks that are files of the working tree, which others get with a commit',
    )
    .action(action(host, installHooks));
  examples(install, [
    ['repoformer hooks install', 'in the repository around the working directory'],
    ['repoformer hooks install --tracked', 'in one that keeps its hooks under version control (husky)'],
  ]);
  const status = hooks
    .command('status')
    .description('Show which hooks are in place; changes nothing.')
    .argument('[PATH]', 'any path inside the repository', '.')
    .action(action(host, hooksStatus));
  examples(status, [['repoformer hooks status --json | jq .hooks[].state', 'the states alone']]);
  const uninstall = hooks
    .command('uninstall')
    .description('Take our lines out again; the rest of each hook stays as it was.')
    .argument('[PATH]', 'any path inside the repository', '.')
    .action(action(host, uninstallHooks));
  examples(uninstall, [['repoformer hooks uninstall', 'in the repository around the working directory']]);
}

async function createInstaller() {
  const { HookInstaller } = await import('@repoformer/git');
  return new HookInstaller();
}

const pathOf = (context: CliContext, operand: string): string => realPath(resolve(context.host.cwd, operand));

/** The folder as the daemon sees it, whatever links lead there. */
export function spoolDirectory(dataDir: string): string {
  return join(realPath(dataDir), SPOOL_FOLDER);
}

async function installHooks(context: CliContext, operand: string): Promise<void> {
  const installer = await createInstaller();
  const spool = spoolDirectory(context.settings.config.dataDir);
  const tracked = context.options['tracked'] === true;
  await print(context, await installer.install(pathOf(context, operand), { spoolDirectory: spool, tracked }));
}

async function hooksStatus(context: CliContext, operand: string): Promise<void> {
  const installer = await createInstaller();
  await print(context, await installer.status(pathOf(context, operand)));
}

async function uninstallHooks(context: CliContext, operand: string): Promise<void> {
  const installer = await createInstaller();
  await print(context, await installer.uninstall(pathOf(context, operand)));
}

async function print(context: CliContext, report: HooksReport): Promise<void> {
  const { output } = context;
  if (output.json) {
    await output.value(report);
    return;
  }
  const show = shownOn(output.terminal);
  for (const line of renderHooks(report, output.style, show)) await output.line(line);
  for (const note of report.notes) output.note(output.noteStyle.yellow(`note: ${show(note)}`));
  const spool = spoolDirectory(context.settings.config.dataDir);
  const elsewhere = report.hooks.find(({ spoolDirectory: at }) => at !== undefined && at !== spool);
  if (elsewhere !== undefined) {
    output.note(
      output.noteStyle.yellow(
        `note: they report to another data directory (${show(elsewhere.spoolDirectory ?? '')}); "repoformer hooks install" changes that`,
      ),
    );
  }
}

/** A line for each hook. */
export function renderHooks(report: HooksReport, style: Style, show: (text: string) => string): string[] {
  const rows = formatTable(report.hooks.map(({ hook, state, path }) => [hook, state, show(path)]));
  return rows.map((line, i) => {
    const state = report.hooks[i]?.state ?? 'absent';
    const colour = state === 'absent' ? style.dim : state === 'disabled' ? style.red : style.green;
    return line.replace(` ${state} `, ` ${colour(state)} `);
  });
}
