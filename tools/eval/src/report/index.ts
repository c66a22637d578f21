export type { ReportInput } from './report-input.js';
export { createReport, writeReport, type Report, type ReportFiles } from './write-report.js';
