import type { CompletedCommand } from './command-tree.js';

/** A completion script for fish. */
export function renderFish(commands: readonly CompletedCommand[]): string {
  const paths = commands.filter(({ path }) => path.length > 0).map(({ path }) => path.join(' '));
  const lines = commands.flatMap((command) => {
    const condition = `-n ${quote(`test (__repoformer_command) = ${quoteInner(command.path.join(' '))}`)}`;
    const words = [...command.subcommands, ...command.choices.map((name) => ({ name, description: '' }))].map(
      ({ name, description }) => `complete -c repoformer ${condition} -f -a ${name}${describe(description)}`,
    );
    const options = command.options.map(({ flags, description, takesValue, choices }) => {
      const names = flags.map((flag) =>
        flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      );
      const value = !takesValue ? '' : choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : ' -r';
      return `complete -c repoformer ${condition} ${names.join(' ')}${value}${describe(description)}`;
    });
    const noFiles =
      command.takesArgument && command.choices.length === 0 ? [] : [`complete -c repoformer ${condition} -f`];
    return [...noFiles, ...words, ...options];
  });
  return `# fish completion of repoformer
function __repoformer_command
  set -l command ''
  for word in (commandline -opc)[2..-1]
    string match -q -- '-*' $word; and continue
    set -l candidate (string trim "$command $word")
    contains -- $candidate ${paths.map(quote).join(' ')}; and set command $candidate
  end
  echo "$command"
end
${lines.join('\n')}
`;
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
/** Within single quotes already. */
const quoteInner = (text: string): string => `"${text}"`;
const describe = (text: string): string => (text === '' ? '' : ` -d ${quote(text)}`);
