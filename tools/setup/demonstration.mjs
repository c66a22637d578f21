import { SetupError } from './project.mjs';

/**
 * Places of this project's own code where a line calls a method that only other files show. Each is found by its
 * text, not its number, so that they survive edits; the first that is still there is used.
 */
const PLACES = ['decide', 'retrieve', 'complete'].map((command) => ({
  file: `apps/cli/src/commands/${command}.ts`,
  line: 'const clients = await context.connect();',
  keep: 'const clients = await ',
}));

/**
 * Chooses a place, with its 1-based line and column.
 *
 * @param {(path: string) => string} read the content of a file of this project
 */
export function findDemonstration(read) {
  for (const { file, line, keep } of PLACES) {
    let lines;
    try {
      lines = read(file).split('\n');
    } catch {
      continue;
    }
    const index = lines.findIndex((one) => one.trim() === line);
    const text = lines[index];
    if (text !== undefined) {
      return { file, line: index + 1, column: text.indexOf(keep) + keep.length + 1, text };
    }
  }
  throw new SetupError(
    'no place for a demonstration is left in the code: tools/setup/demonstration.mjs names them',
  );
}
