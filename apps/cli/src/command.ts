import type { Command } from 'commander';
import { Option } from 'commander';
import { describeDefault, findOption, flagOf, valueNameOf } from '@repoformer/config';
import { CliContext } from './cli-context.js';
import type { CommandOptions } from './cli-context.js';
import type { Host } from './host.js';
import { Output } from './output.js';

export type Handler = (context: CliContext, ...operands: string[]) => Promise<void>;

/** The output that options ask for. */
export function createOutput(host: Host, options: CommandOptions): Output {
  return new Output(host, {
    json: options['json'] === true,
    quiet: options['quiet'] === true,
    color: options['color'] !== false,
  });
}

/** Makes a handler a commander action: operands that were left out are empty strings. */
export function action(host: Host, handler: Handler): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const command = args.at(-1) as Command;
    const options = command.optsWithGlobals();
    const context = new CliContext(host, createOutput(host, options), options);
    const operands = args.slice(0, -2).map((operand) => (operand as string | undefined) ?? '');
    try {
      await handler(context, ...operands);
    } finally {
      context.output.clearProgress();
      context.close();
    }
  };
}

/**
 * An option of the table as a flag of a command; its value is judged with all others, not here.
 *
 * @param style `brief`: the first sentence without the default, for options that every help page repeats.
 */
export function tableOption(name: string, style: 'full' | 'brief' = 'full'): Option {
  const row = findOption(name);
  if (row === undefined) throw new Error(`no option is called ${name}`);
  const valueName = valueNameOf(row);
  const fallback = describeDefault(row);
  const whole = `${row.doc.replace(/\.$/, '')}${fallback === undefined ? '' : ` (default: ${fallback})`}`;
  const text = style === 'full' ? whole : (row.doc.split(/[.:;] /)[0] ?? '').replace(/\.$/, '');
  const option = new Option(
    valueName === undefined ? flagOf(name) : `${flagOf(name)} <${valueName}>`,
    text.replaceAll('`', ''),
  );
  if (row.type === 'paths') option.argParser(collect);
  return option;
}

/** For options that may be repeated. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** Adds lines that show a command in use. */
export function examples(command: Command, lines: readonly (readonly [string, string])[]): Command {
  const width = Math.max(...lines.map(([usage]) => usage.length));
  const text = lines.map(([usage, meaning]) => `  ${usage.padEnd(width)}  # ${meaning}`).join('\n');
  return command.addHelpText('after', `\nExamples:\n${text}\n`);
}
