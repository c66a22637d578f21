import type { Command, Option } from 'commander';

export interface CompletedOption {
  /** `--mode`, `-h`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** Values there are; empty: a file name, or anything. */
  readonly choices: readonly string[];
}

export interface CompletedCommand {
  /** Words after the program's name. */
  readonly path: readonly string[];
  readonly description: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  /** Its own and those of the program. */
  readonly options: readonly CompletedOption[];
  /** Words that its argument may be; empty: a file name. */
  readonly choices: readonly string[];
  readonly takesArgument: boolean;
}

/** What a shell needs to know of every command, the program itself first. */
export function readCommandTree(program: Command): CompletedCommand[] {
  const global = optionsOf(program);
  const walk = (command: Command, path: readonly string[]): CompletedCommand[] => {
    const subcommands = command.commands.filter(
      ({ _hidden }: Command & { _hidden?: boolean }) => _hidden !== true,
    );
    const own = command === program ? [] : optionsOf(command);
    const argument = command.registeredArguments[0];
    const words = argument === undefined ? [] : argument.name().split('|');
    return [
      {
        path,
        description: command.description(),
        subcommands: subcommands.map((child) => ({ name: child.name(), description: child.description() })),
        options: unique([...own, ...global]),
        choices: words.length > 1 && words.every((word) => /^[a-z]+$/.test(word)) ? words : [],
        takesArgument: argument !== undefined,
      },
      ...subcommands.flatMap((child) => walk(child, [...path, child.name()])),
    ];
  };
  return walk(program, []);
}

function optionsOf(command: Command): CompletedOption[] {
  const help: CompletedOption = {
    flags: ['-h', '--help'],
    description: 'show help',
    takesValue: false,
    choices: [],
  };
  return [...command.options.filter(({ hidden }) => !hidden).map(toCompleted), help];
}

function toCompleted(option: Option): CompletedOption {
  const valueName = /<(.+)>/.exec(option.flags)?.[1];
  const words = valueName?.split('|') ?? [];
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description.split(/[.(;:]/)[0]?.trim() ?? '',
    takesValue: valueName !== undefined,
    choices: words.length > 1 && words.every((word) => /^[a-z-]+$/.test(word)) ? words : [],
  };
}

function unique(options: readonly CompletedOption[]): CompletedOption[] {
  const seen = new Set<string>();
  return options.filter(({ flags }) => {
    const key = flags.join();
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
