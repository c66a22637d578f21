import type { CompletedCommand, CompletedOption } from './command-tree.js';

/** A completion script for zsh. */
export function renderZsh(commands: readonly CompletedCommand[]): string {
  return `#compdef repoformer
${commands.map(renderCommand).join('\n')}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  ${functionOf([])} "$@"
else
  compdef ${functionOf([])} repoformer
fi
`;
}

const functionOf = (path: readonly string[]): string => ['_repoformer', ...path].join('_');

function renderCommand({ path, subcommands, options, choices, takesArgument }: CompletedCommand): string {
  const specs = options.flatMap(renderOption);
  if (subcommands.length > 0) {
    specs.push("'1: :->command'", "'*:: :->rest'");
    const described = subcommands.map(({ name, description }) => quote(`${name}:${description}`));
    return `${functionOf(path)}() {
  local state line
  _arguments -C \\
    ${specs.join(' \\\n    ')}
  case $state in
    command)
      local -a commands
      commands=(${described.join(' ')})
      _describe command commands ;;
    rest)
      case $line[1] in
${subcommands.map(({ name }) => `        ${name}) ${functionOf([...path, name])} ;;`).join('\n')}
      esac ;;
  esac
}`;
  }
  if (takesArgument) specs.push(choices.length > 0 ? `'1: :(${choices.join(' ')})'` : "'1: :_files'");
  return `${functionOf(path)}() {
  _arguments \\
    ${specs.join(' \\\n    ')}
}`;
}

function renderOption({ flags, description, takesValue, choices }: CompletedOption): string[] {
  const action = !takesValue ? '' : choices.length > 0 ? `: :(${choices.join(' ')})` : ': :_files';
  const text = description.replace(/[[\]:\\]/g, '\\$&');
  return flags.map((flag) => quote(`${flag}[${text}]${action}`));
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
