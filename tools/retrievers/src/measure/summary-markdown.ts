import type { Estimate, Summary } from './summarise.js';
import type { Truth } from './truth.js';

/** The summary as tables: one for each budget, setups as they were given. */
export function summaryMarkdown(summary: Summary): string {
  const { holes, repositories, holesWith, setups } = summary;
  const head = `${holes} holes of ${repositories} ${repositories === 1 ? 'repository' : 'repositories'}; ${holesWith.specific} lack a specific name, ${holesWith.code} a name of code, ${holesWith.plain} any word.`;
  const budgets = setups[0]?.budgets.map(({ budgetTokens }) => budgetTokens) ?? [];
  const tables = budgets.map((budgetTokens, at) =>
    [`## ${budgetTokens} tokens`, '', ...table(summary, at)].join('\n'),
  );
  return `${[head, ...tables].join('\n\n')}\n`;
}

const COLUMNS = [
  'retriever',
  'chunks',
  'selection',
  'specific names',
  'less the first',
  'at least one',
  'names of code',
  'all words',
  'one of them, of all holes',
  'tokens used',
  'median ms',
  'p99 ms',
];

function table({ setups, holes, holesWith }: Summary, at: number): string[] {
  const rows = setups.map(({ retriever, chunker, selector, budgets, medianMs, p99Ms }, number) => {
    const { recall, any, versusFirst, tokens } = budgets[at]!;
    return [
      retriever,
      chunker,
      selector,
      withInterval(recall.specific),
      number === 0 ? '' : withInterval(versusFirst.specific, true),
      plain(any, 'specific'),
      plain(recall, 'code'),
      plain(recall, 'plain'),
      // At a hole that lacks no word, none can be shown.
      (((any.plain?.value ?? 0) * holesWith.plain) / holes).toFixed(1),
      tokens.toFixed(0),
      medianMs.toFixed(1),
      p99Ms.toFixed(1),
    ];
  });
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(COLUMNS), line(COLUMNS.map(() => '---')), ...rows.map(line)];
}

function plain(values: Readonly<Partial<Record<Truth, Estimate>>>, truth: Truth): string {
  return values[truth]?.value.toFixed(1) ?? '';
}

function withInterval(estimate: Estimate | undefined, signed = false): string {
  if (estimate === undefined) return '';
  const shown = (value: number) => `${signed && value >= 0 ? '+' : ''}${value.toFixed(1)}`;
  const { value, low, high } = estimate;
  if (low === undefined || high === undefined) return shown(value);
  return `${shown(value)} [${shown(low)}, ${shown(high)}]`;
}
