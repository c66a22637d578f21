import { escapeMarkdown, markup, type Html } from './html.js';

/** A table, written as HTML and as Markdown from the same cells. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface Column {
  readonly title: string;
  /** Numbers stand right; default false. */
  readonly isNumber?: boolean;
}

export interface Row {
  /** One text a column. */
  readonly cells: readonly string[];
  readonly isEmphasised?: boolean;
}

/** A table that scrolls by itself where the page is too narrow, so that the page need not. */
export function tableHtml(table: Table): Html {
  const kind = (column: number) => (table.columns[column]?.isNumber ? 'number' : 'text');
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${table.caption}">
    <table>
      <caption>
        ${table.caption}
      </caption>
      <thead>
        <tr>
          ${table.columns.map((column, i) => markup`<th scope="col" class="${kind(i)}">${column.title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${table.rows.map(
          ({ cells, isEmphasised }) =>
            markup`<tr${isEmphasised ? markup` class="emphasis"` : ''}>${cells.map((cell, i) =>
              i === 0
                ? markup`<th scope="row" class="text">${cell}</th>`
                : markup`<td class="${kind(i)}">${cell}</td>`,
            )}</tr>\n`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** A table behind a line that opens it, for what a chart shows already. */
export function foldedTable(table: Table): Html {
  return markup`<details>
    <summary>The numbers: ${table.caption}</summary>
    ${tableHtml(table)}
  </details>`;
}

export function tableMarkdown({ caption, columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const strong = (text: string, isEmphasised?: boolean) => (isEmphasised ? `**${text}**` : text);
  return [
    `_${escapeMarkdown(caption)}_`,
    '',
    line(columns.map(({ title }) => escapeMarkdown(title))),
    line(columns.map(({ isNumber }) => (isNumber ? '---:' : '---'))),
    ...rows.map(({ cells, isEmphasised }) =>
      line(
        cells.map((cell, i) => (i === 0 ? strong(escapeMarkdown(cell), isEmphasised) : escapeMarkdown(cell))),
      ),
    ),
    '',
  ].join('\n');
}
