import type { Analysis } from '../analysis/index.js';
import type { ReportFiles } from '../report/write-report.js';

/** The answer in words, and where the rest is. */
export function printVerdict({ verdict }: Analysis, files: ReportFiles): void {
  console.log(verdict.headline);
  for (const reason of verdict.reasons) console.log(`- ${reason}`);
  console.log(verdict.advice);
  console.log(`\nreport   ${files.html}\nnumbers  ${files.json}\ntables   ${files.markdown}`);
}
