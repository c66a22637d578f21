import { Command } from 'commander';
import { addFitNamesCommand } from './fit-names-command.js';
import { addGenericWordsCommand } from './generic-words-command.js';
import { addMeasureCommand } from './measure-command.js';

/** The command line `repoformer-retrievers`. */
export function createProgram(signal: AbortSignal): Command {
  const program = new Command('repoformer-retrievers')
    .description(
      'Measures retrievers, chunkers and selectors by the names that a completion needs and the prompt lacks.\n' +
        'No model is asked. Nothing leaves this machine.',
    )
    .showHelpAfterError();
  addMeasureCommand(program, signal);
  addGenericWordsCommand(program, signal);
  addFitNamesCommand(program, signal);
  return program;
}
