import type { CompletedCommand } from './command-tree.js';

/** A completion script for bash 3.2 and later. */
export function renderBash(commands: readonly CompletedCommand[]): string {
  const paths = commands.filter(({ path }) => path.length > 0).map(({ path }) => path.join(' '));
  return `# bash completion of repoformer
_repoformer() {
  local cur prev command word i candidate
  COMPREPLY=()
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  command=''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == -* ]] && continue
    candidate=\${command:+$command }$word
    case $candidate in
      ${paths.map((path) => `'${path}'`).join(' | ')}) command=$candidate ;;
    esac
  done
  local words='' values=''
  case $command in
${commands.map(renderCommand).join('\n')}
  esac
  case "$command:$prev" in
${commands.flatMap(renderValues).join('\n')}
  esac
  if [[ $values == '<file>' ]]; then
    COMPREPLY=($(compgen -f -- "$cur"))
  elif [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$cur"))
  elif [[ $cur == -* || $words != *'<file>'* ]]; then
    COMPREPLY=($(compgen -W "\${words/<file>/}" -- "$cur"))
  else
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}
complete -o filenames -o bashdefault -F _repoformer repoformer
`;
}

function renderCommand(command: CompletedCommand): string {
  const { path, subcommands, options, choices, takesArgument } = command;
  const words = [
    ...subcommands.map(({ name }) => name),
    ...choices,
    ...options.flatMap(({ flags }) => flags),
    ...(takesArgument && choices.length === 0 ? ['<file>'] : []),
  ];
  return `    '${path.join(' ')}') words='${words.join(' ')}' ;;`;
}

function renderValues({ path, options }: CompletedCommand): string[] {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ flags, choices }) => {
      const patterns = flags.map((flag) => `'${path.join(' ')}:${flag}'`).join(' | ');
      return `    ${patterns}) values='${choices.length > 0 ? choices.join(' ') : '<file>'}' ;;`;
    });
}
