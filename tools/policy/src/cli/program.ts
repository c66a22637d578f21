import { Command } from 'commander';
import { addFitCommand } from './fit-command.js';
import { addGainsCommand } from './gains-command.js';
import { addShowCommand } from './show-command.js';

/** The command line `repoformer-policy`. */
export function createProgram(): Command {
  const program = new Command('repoformer-policy')
    .description('Fits policies on labelled holes: when context from other files is worth its cost.')
    .showHelpAfterError();
  addFitCommand(program);
  addGainsCommand(program);
  addShowCommand(program);
  return program;
}
