import { domainOf } from './chart.js';
import { rowsChart, type ChartRow } from './rows.js';
import type { GroupTable } from '../../analysis/index.js';
import type { ChartOptions } from './chart.js';

/** Edit similarity of a few modes in one group; all groups share an axis. */
export function groupPanel(
  group: GroupTable,
  groups: readonly GroupTable[],
  keys: readonly string[],
  emphasised: string | undefined,
  width: number,
): ChartOptions {
  const chosen = (table: GroupTable) => table.rows.filter(({ key }) => keys.includes(key));
  const values = groups.flatMap((table) =>
    chosen(table).flatMap(({ quality }) => {
      const interval = quality.editSimilarity;
      return interval
        ? [interval.estimate, interval.low ?? interval.estimate, interval.high ?? interval.estimate]
        : [];
    }),
  );
  const rows = chosen(group).map(({ key, label, quality }): ChartRow => ({
    label,
    text: quality.editSimilarity?.estimate.toFixed(1) ?? '–',
    isEmphasised: key === emphasised,
    ...(quality.editSimilarity && { value: quality.editSimilarity }),
  }));
  return rowsChart(rows, {
    width,
    mark: 'dot',
    domain: domainOf(values),
    format: (value) => `${value}`,
    marginRight: 44,
  });
}
