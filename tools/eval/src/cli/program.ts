import { Command } from 'commander';
import { addBaselineCommand } from './baseline-command.js';
import { addCopiesCommand } from './copies-command.js';
import { addExportCommand } from './export-command.js';
import { addFunctionsCommand } from './functions-command.js';
import { addImportCommand } from './import-command.js';
import { addOwnCommand } from './own-command.js';
import { addReportCommand } from './report-command.js';
import { addServeCommand } from './serve-command.js';
import { addStudyCommand } from './study-command.js';
import { addTuneCommand } from './tune-command.js';

/** The command line `repoformer-eval`. */
export function createProgram(signal: AbortSignal): Command {
  const program = new Command('repoformer-eval')
    .description('Judges completions and retrieval policies by what was measured at each hole.')
    .showHelpAfterError();
  addReportCommand(program, signal);
  addFunctionsCommand(program, signal);
  addBaselineCommand(program, signal);
  addOwnCommand(program, signal);
  addServeCommand(program, signal);
  addStudyCommand(program, signal);
  addImportCommand(program, signal);
  addExportCommand(program, signal);
  addTuneCommand(program, signal);
  addCopiesCommand(program, signal);
  return program;
}
