import { Command } from 'commander';
import { addBuildCommand } from './build-command.js';
import { addLabelCommand } from './label-command.js';
import { addPackCommand } from './pack-command.js';
import { addSamplesCommand } from './samples-command.js';
import { addStatsCommand } from './stats-command.js';
import { addVocabularyCommand } from './vocabulary-command.js';

/** The command line `repoformer-dataset`. */
export function createProgram(signal: AbortSignal): Command {
  const program = new Command('repoformer-dataset')
    .description(
      'Builds labelled holes from repositories: where context from other files helps a completion, and where not.\n' +
        'Nothing leaves this machine; only `build --corpus` fetches anything, with the package clients you have.',
    )
    .showHelpAfterError();
  addBuildCommand(program, signal);
  addLabelCommand(program, signal);
  addPackCommand(program);
  addSamplesCommand(program, signal);
  addStatsCommand(program);
  addVocabularyCommand(program, signal);
  return program;
}
