import { flagOf, variableOf } from './option.js';
import type { OptionRow } from './option.js';
import { OPTION_TABLE } from './option-table.js';
import { describeAllowed } from './parse-value.js';
import { valueNameOf } from './render-help.js';

const INTRODUCTION = `# Options

Generated from the option table (\`libs/config\`); a test keeps it up to date.

An option has one name. It is a flag (\`--top-k 5\`), an environment variable (\`REPOFORMER_TOP_K=5\`) and a key of a
JSON file (\`{ "top-k": 5 }\`). Later wins: default, user file, repository file, environment, flag.
\`repoformer config show\` prints every value and where it comes from.

- User file: \`$XDG_CONFIG_HOME/repoformer/config.json\` (\`~/.config/repoformer/config.json\`; Windows
  \`%APPDATA%\\repoformer\\config.json\`).
- Repository file: \`.repoformer.json\` in a repository's root. It comes with the repository and is not trusted: it may
  set only ${OPTION_TABLE.filter((row) => row.scope === 'repository')
    .map((row) => `\`${row.name}\``)
    .join(', ')}.
- Relative paths are relative to the working directory, in a file to the file's directory. \`~/\` is the home
  directory.
- A value that cannot be used stops the program with exit code 2 and one line that names it.
- \`docs/reference/config.schema.json\` describes the files to an editor (\`"$schema"\`).
`;

/** The reference page of all options, in Markdown. */
export function renderReference(): string {
  return [INTRODUCTION, ...OPTION_TABLE.map(renderOption)].join('\n');
}

function renderOption(row: OptionRow): string {
  const valueName = valueNameOf(row);
  const flag = `${flagOf(row.name)}${valueName === undefined ? '' : ` ${valueName}`}`;
  const users = { daemon: 'the daemon', cli: 'the command line', both: 'the daemon and the command line' };
  return `## ${row.name}

${row.doc}

- Value: ${describeAllowed(row)}. Default: ${defaultOf(row)}.
- \`${flag}\`, \`${variableOf(row.name)}\`. Used by ${users[row.usedBy]}.
`;
}

function defaultOf(row: OptionRow): string {
  if (row.defaultDoc !== undefined) return row.defaultDoc;
  return row.default === undefined ? 'none' : `\`${String(row.default)}\``;
}
