import { readFileSync } from 'node:fs';
import { describeOrigin, OPTION_TABLE, parseFlags, propertyOf, renderHelp } from '@repoformer/config';
import type { Flags, ResolvedConfig } from '@repoformer/config';
import { invalidArgument } from '@repoformer/domain';

/** What the daemon's command line asks for. */
export type CommandLine =
  | { readonly action: 'help' | 'version' }
  | { readonly action: 'print-config'; readonly flags: Flags }
  | { readonly action: 'run'; readonly flags: Flags; readonly logToFile: boolean };

/** @throws AppError invalid_argument/CONFIG_INVALID for an unknown flag; INVALID_REQUEST for other words. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const own = new Set<string>(args.filter((arg) => arg === '--print-config' || arg === '--log-to-file'));
  const { flags, rest, help, version } = parseFlags(
    args.filter((arg) => !own.has(arg)),
    'daemon',
  );
  if (help) return { action: 'help' };
  if (version) return { action: 'version' };
  if (rest[0] !== undefined) throw invalidArgument('arguments', 'takes options only; see --help');
  if (own.has('--print-config')) return { action: 'print-config', flags };
  return { action: 'run', flags, logToFile: own.has('--log-to-file') };
}

/** From the package's own file, so that it is stated once. */
export function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

export function helpText(columns: number): string {
  return `Usage: repoformerd [options]

Serves code completion with repository-level context over gRPC, at a Unix socket.
"repoformer up" starts it in the background, and "repoformer down" stops it.

Examples:
  repoformerd                                   serve with the default model
  repoformerd --model ./my-model.gguf           serve with a model of your own
  repoformerd --listen 127.0.0.1:4317           answer at a TCP port as well
  repoformerd --print-config                    show every option and where it comes from

Options:
${renderHelp('daemon', columns)}
  --log-to-file
      Log to daemon.log in the data directory, ten megabytes at a time, instead of to standard error.
  --print-config
      Print every option with its value and origin as JSON, and exit.
  -h, --help
      Print this help, and exit.
  -V, --version
      Print the version, and exit.

Signals: SIGTERM and SIGINT let running completions finish for up to five seconds, a second one ends at once;
SIGHUP is ignored, so that the daemon outlives its terminal.

Exit codes: 0 stopped, 1 failed, 2 bad configuration, 3 already running.
`;
}

/** Every option with its value (null: none) and origin. */
export function describeConfig({ config, origins }: ResolvedConfig): string {
  const values = config as unknown as Record<string, unknown>;
  const rows = OPTION_TABLE.map(({ name }) => [
    name,
    { value: values[propertyOf(name)] ?? null, origin: describeOrigin(origins[name]) },
  ]);
  return `${JSON.stringify(Object.fromEntries(rows), undefined, 2)}\n`;
}
