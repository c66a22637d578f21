import { CommanderError } from 'commander';
import type { Command, Option } from 'commander';
import { abortError, AppError } from '@repoformer/domain';
import { createOutput } from './command.js';
import { printError, toAppError } from './error-output.js';
import { EXIT_CODES, exitCodeOf, ToolFailure } from './exit-code.js';
import { OutputClosed } from './host.js';
import type { Host } from './host.js';
import { STANDARD_INPUT } from './position.js';
import { createProgram } from './program.js';

/** Runs one command line; resolves to the exit code and never rejects. */
export async function run(args: readonly string[], host: Host): Promise<number> {
  const program = createProgram(host);
  try {
    if (args.length === 0) {
      program.outputHelp();
      return EXIT_CODES.ok;
    }
    await program.parseAsync(nameStandardInput(args, program), { from: 'user' });
    return EXIT_CODES.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_CODES.ok;
    if (host.signal.reason instanceof OutputClosed) return EXIT_CODES.ok;
    if (error instanceof ToolFailure) return exitCodeOf(error);
    const failure = translate(error, host);
    // Options that were read before the failure, wherever they stand.
    const given = (name: string): boolean => args.includes(name);
    const output = createOutput(host, {
      json: given('--json'),
      quiet: given('--quiet') || given('-q'),
      color: !given('--no-color'),
    });
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT_CODES.usage;
    printError(output, failure, given('--debug'));
    return exitCodeOf(failure);
  }
}

/** Gives `-:LINE:COL`, which looks like an option, the other name of standard input. */
function nameStandardInput(args: readonly string[], program: Command): string[] {
  const optionsOf = (command: Command): readonly Option[] => [
    ...command.options,
    ...command.commands.flatMap(optionsOf),
  ];
  const takers = new Set(optionsOf(program).flatMap(({ required, long }) => (required ? [long] : [])));
  return args.map((arg, i) =>
    /^-:\d+(:\d+)?$/.test(arg) && !takers.has(args[i - 1]) ? `${STANDARD_INPUT}${arg.slice(1)}` : arg,
  );
}

function translate(error: unknown, host: Host): AppError {
  if (error instanceof CommanderError) {
    return new AppError({
      kind: 'invalid_argument',
      reason: 'INVALID_REQUEST',
      message: error.message.replace(/^error: /, '').replaceAll('\n', ' '),
      meta: { hint: 'see "repoformer --help", or --help after a command' },
    });
  }
  // What fails because we were interrupted is an interruption, whatever it says.
  if (host.signal.aborted) return abortError(host.signal);
  return toAppError(error);
}
