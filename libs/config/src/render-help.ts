import { flagOf, variableOf } from './option.js';
import type { OptionRow } from './option.js';
import { optionsOf } from './option-table.js';

/** What stands for the value in help: `N`, `PATH`, `a|b`; undefined for a switch. */
export function valueNameOf(row: OptionRow): string | undefined {
  switch (row.type) {
    case 'boolean':
      return undefined;
    case 'integer':
    case 'number':
      return 'N';
    case 'choice':
      return row.choices?.join('|');
    case 'name':
      return 'NAME';
    case 'model':
      return 'NAME|PATH';
    case 'address':
      return 'HOST:PORT';
    default:
      return 'PATH';
  }
}

/** An option's default in words, without markup; undefined where there is none to speak of. */
export function describeDefault(row: OptionRow): string | undefined {
  if (row.defaultDoc !== undefined) return row.defaultDoc;
  if (row.type === 'boolean' && row.default === false) return undefined;
  return row.default === undefined ? undefined : String(row.default);
}

/** The options of a program as its `--help` lists them. @param columns Width of the terminal. */
export function renderHelp(program: 'daemon' | 'cli', columns = 80): string {
  return optionsOf(program)
    .map((row) => {
      const valueName = valueNameOf(row);
      const head = `  ${flagOf(row.name)}${valueName === undefined ? '' : ` <${valueName}>`}`;
      const fallback = describeDefault(row);
      const text = `${row.doc}${fallback === undefined ? '' : ` Default: ${fallback}.`} [${variableOf(row.name)}]`;
      return `${head}\n${wrap(text.replaceAll('`', ''), columns, '      ')}`;
    })
    .join('\n');
}

function wrap(text: string, columns: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > columns) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, indent + line].join('\n');
}
