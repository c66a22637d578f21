import { configError } from './config-error.js';
import { optionsOf } from './option-table.js';
import { closest } from './suggest.js';

/** Raw values by option name, as a command line gave them. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface ParsedFlags {
  readonly flags: Flags;
  /** Arguments that are no flags. */
  readonly rest: readonly string[];
  readonly help: boolean;
  readonly version: boolean;
}

/**
 * Reads a command line that consists of a program's options: `--name value`, `--name=value`, `--switch`,
 * `--no-switch`, `--` before what is no flag. Values are judged by `resolveConfig`.
 *
 * @throws AppError invalid_argument/CONFIG_INVALID: an unknown flag, or one without its value.
 */
export function parseFlags(args: readonly string[], program: 'daemon' | 'cli'): ParsedFlags {
  const rows = new Map(optionsOf(program).map((row) => [row.name, row]));
  const flags: Record<string, string | boolean | string[]> = {};
  const rest: string[] = [];
  let help = false;
  let version = false;
  for (let i = 0; i < args.length; i += 1) {
    const argument = args[i] ?? '';
    if (argument === '--') {
      rest.push(...args.slice(i + 1));
      break;
    }
    if (argument === '--help' || argument === '-h') help = true;
    else if (argument === '--version' || argument === '-V') version = true;
    else if (!argument.startsWith('-') || argument === '-') rest.push(argument);
    else {
      const equals = argument.indexOf('=');
      const flag = equals < 0 ? argument : argument.slice(0, equals);
      const inline = equals < 0 ? undefined : argument.slice(equals + 1);
      const negated = flag.startsWith('--no-') && rows.get(flag.slice(5))?.type === 'boolean';
      const name = flag.slice(negated ? 5 : 2);
      const row = flag.startsWith('--') ? rows.get(name) : undefined;
      if (row === undefined) throw configError('', unknownFlag(flag, [...rows.keys()]));
      if (row.type === 'boolean') {
        if (negated && inline !== undefined) throw configError(flag, 'takes no value', name);
        flags[name] = inline ?? !negated;
        continue;
      }
      const value = inline ?? args[(i += 1)];
      if (value === undefined) throw configError(flag, 'needs a value', name);
      const before = flags[name];
      if (row.type === 'paths') flags[name] = [...(Array.isArray(before) ? before : []), value];
      else flags[name] = value;
    }
  }
  return { flags, rest, help, version };
}

function unknownFlag(flag: string, names: readonly string[]): string {
  const meant = closest(flag.replace(/^-+/, ''), names);
  const hint = meant === undefined ? 'see --help' : `did you mean --${meant}?`;
  return `unknown flag ${JSON.stringify(flag.slice(0, 64))}; ${hint}`;
}
