import type { Command } from 'commander';
import { describeOrigin, formatAddress, OPTION_TABLE, propertyOf } from '@repoformer/config';
import type { ListenAddress, OptionRow, OptionValue } from '@repoformer/config';
import type { CliContext } from '../cli-context.js';
import { action, examples, tableOption } from '../command.js';
import { GLOBAL_TABLE_OPTIONS } from '../global-options.js';
import type { Host } from '../host.js';
import { shownOn } from '../render/chunk.js';
import { formatTable } from '../render/units.js';
import { findRepositoryRoot } from '../repository-of.js';

export function addConfigCommands(program: Command, host: Host): void {
  const config = program.command('config').description('See which options apply, and where they come from.');
  const show = config
    .command('show')
    .description(
      'Print every option with its value and its origin: default, file, environment or flag. The file of the repository around the working directory counts.',
    );
  for (const { name } of OPTION_TABLE) {
    if (!GLOBAL_TABLE_OPTIONS.includes(name)) show.addOption(tableOption(name).hideHelp());
  }
  show.action(action(host, showConfig));
  examples(show, [
    ['repoformer config show', 'docs/reference/options.md explains each'],
    ['REPOFORMER_TOP_K=5 repoformer config show', 'what a variable would change'],
    ['repoformer config show --json | jq \'.["data-dir"].value\'', 'one value'],
  ]);
}

async function showConfig(context: CliContext): Promise<void> {
  const { output, host } = context;
  const root = await findRepositoryRoot(host.cwd);
  const { config, origins, userFile } =
    root === undefined ? context.settings : context.readRepositorySettings(root);
  const values = config as unknown as Record<string, OptionValue | undefined>;
  if (output.json) {
    await output.value(
      Object.fromEntries(
        OPTION_TABLE.map(({ name }) => [
          name,
          { value: values[propertyOf(name)] ?? null, origin: origins[name] },
        ]),
      ),
    );
    return;
  }
  const show = shownOn(output.terminal);
  const rows = OPTION_TABLE.map((row) => [
    row.name,
    show(formatValue(row, values[propertyOf(row.name)])),
    show(describeOrigin(origins[row.name])),
  ]);
  const lines = formatTable(rows);
  for (const [i, line] of lines.entries()) {
    const isDefault = rows[i]?.[2] === 'default';
    await output.line(isDefault ? output.style.dim(line) : line);
  }
  output.dimNote(`Your file: ${userFile}`);
}

function formatValue(row: OptionRow, value: OptionValue | undefined): string {
  if (value === undefined) return '-';
  if (row.type === 'address') return formatAddress(value as ListenAddress);
  if (row.type === 'paths') return (value as readonly string[]).join(' ') || '-';
  return String(value);
}
