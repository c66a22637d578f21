import { AppError } from '@repoformer/domain';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { analyse, type Analysis, type BootstrapOptions } from '../analysis/index.js';
import { escapeJson } from './html.js';
import { reportMarkdown } from './markdown.js';
import { pageHtml } from './page.js';
import type { ReportInput } from './report-input.js';

/** A report as texts, and the numbers in it. */
export interface Report {
  readonly analysis: Analysis;
  readonly html: string;
  readonly json: string;
  readonly markdown: string;
}

/** Where a report was written. */
export interface ReportFiles {
  readonly html: string;
  readonly json: string;
  readonly markdown: string;
}

/**
 * Computes a report. Pure: the same input gives the same bytes.
 *
 * @throws AppError invalid_argument/INVALID_REQUEST as {@link analyse}
 */
export function createReport(input: ReportInput, options: BootstrapOptions = {}): Report {
  const analysis = analyse(input.results, input.policies, options, input.baselines);
  const { title, model, machine, command, generatedFrom, policies, notes } = input;
  const facts = { schema: 1, title, model, machine, command, generatedFrom, policies, notes };
  return {
    analysis,
    html: pageHtml(input, analysis),
    json: escapeJson(`${JSON.stringify({ ...facts, analysis }, null, 1)}\n`),
    markdown: reportMarkdown(input, analysis),
  };
}

/**
 * Writes `report.markup` (self-contained), `report.json` (all numbers) and `report.md` (the tables) into a folder,
 * which is made where it is missing. A file is replaced whole or not at all.
 *
 * @throws AppError as {@link createReport}; failed_precondition/STORE_UNAVAILABLE where the folder cannot be written
 */
export async function writeReport(
  input: ReportInput,
  directory: string,
  options: BootstrapOptions = {},
): Promise<{ readonly files: ReportFiles; readonly analysis: Analysis }> {
  const report = createReport(input, options);
  const files = {
    html: join(directory, 'report.html'),
    json: join(directory, 'report.json'),
    markdown: join(directory, 'report.md'),
  };
  try {
    await mkdir(directory, { recursive: true });
    await replace(files.html, report.html);
    await replace(files.json, report.json);
    await replace(files.markdown, report.markdown);
  } catch (cause) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'STORE_UNAVAILABLE',
      message: `cannot write the report into ${directory}: ${codeOf(cause)}; choose another folder or make room`,
      cause,
    });
  }
  return { files, analysis: report.analysis };
}

async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw cause;
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
}
