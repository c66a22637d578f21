import { Command } from 'commander';
import { addCompleteCommand } from './commands/complete.js';
import { addCompletionCommand } from './commands/completion.js';
import { addConfigCommands } from './commands/config.js';
import { addDecideCommand } from './commands/decide.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addDownCommand } from './commands/down.js';
import { addHooksCommands } from './commands/hooks.js';
import { addModelCommands } from './commands/model.js';
import { addRepoCommands } from './commands/repo.js';
import { addReportCommand } from './commands/report.js';
import { addRetrieveCommand } from './commands/retrieve.js';
import { addStatusCommand } from './commands/status.js';
import { addTuneCommand } from './commands/tune.js';
import { addUpCommand } from './commands/up.js';
import { tableOption } from './command.js';
import { EXIT_CODES } from './exit-code.js';
import { GLOBAL_TABLE_OPTIONS } from './global-options.js';
import type { Host } from './host.js';
import { readVersion } from './version.js';

const AFTER_HELP = `
Examples:
  repoformer repo add                        # index the repository around the working directory
  repoformer hooks install                   # and have git tell of each commit at once
  repoformer complete src/main.py:42         # complete at the end of line 42
  repoformer complete src/main.py:42 --json  # the same for a program: one event a line
  repoformer report                          # does retrieval pay here? measured, in minutes
  repoformer doctor                          # when something is wrong

Each command explains itself: repoformer complete --help. The daemon is started when a command needs it.
Options may also stand in the environment (REPOFORMER_DATA_DIR) and in a file; see "repoformer config show".

Exit codes:
  ${EXIT_CODES.ok}    done
  ${EXIT_CODES.failure}    failed
  ${EXIT_CODES.usage}    the command line, an option or a request cannot be used
  ${EXIT_CODES.unreachable}    no daemon answers
  ${EXIT_CODES.notFound}    there is no such file, repository or model
  ${EXIT_CODES.interrupted}  interrupted (143: terminated)
`;

/** The whole command line. Parsing it throws instead of ending the process. */
export function createProgram(host: Host): Command {
  const program = new Command('repoformer')
    .description('Code completion that knows the whole repository, and knows when it needs to.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
      // Errors are told in one place, the same way for all kinds.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(host.stdout.columns || 100, 110),
      getErrHelpWidth: () => Math.min(host.stderr.columns || 100, 110),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true);
  for (const name of GLOBAL_TABLE_OPTIONS) program.addOption(tableOption(name, 'brief'));
  program
    .option('--json', 'print JSON: one object, or one event a line when streaming')
    .option('-q, --quiet', 'no remarks on standard error but errors')
    .option('--no-color', 'no colours (as NO_COLOR does)')
    .option('--no-start', 'fail where no daemon answers instead of starting one')
    .option('--debug', 'show what is behind an error');
  addUpCommand(program, host);
  addDownCommand(program, host);
  addStatusCommand(program, host);
  addDoctorCommand(program, host);
  addRepoCommands(program, host);
  addHooksCommands(program, host);
  addCompleteCommand(program, host);
  addRetrieveCommand(program, host);
  addDecideCommand(program, host);
  addReportCommand(program, host);
  addTuneCommand(program, host);
  addModelCommands(program, host);
  addConfigCommands(program, host);
  addCompletionCommand(program, host);
  program.addHelpText('after', AFTER_HELP);
  return program;
}
