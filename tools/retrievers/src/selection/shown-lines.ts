import { isBlank } from '@repoformer/retrieval';
import type { Candidate, ScoredCandidate, ShownSpan } from '../ports.js';
import { lineTokens, SPAN_TOKENS } from './token-cost.js';

interface FileLines {
  readonly path: string;
  readonly isOwn: boolean;
  readonly lines: readonly string[];
  readonly shown: Map<number, { readonly score: number; readonly order: number }>;
}

/** Lines chosen so far, each once. Lines that follow one another, but for blank ones, make one span. */
export class ShownLines {
  readonly #files = new Map<string, FileLines>();
  #tokens = 0;
  #added = 0;

  /** Tokens of all spans. */
  get tokens(): number {
    return this.#tokens;
  }

  /** The lines of a candidate that are not shown yet; blank ones are never shown. */
  unshown({ startLine, endLine, ...file }: Candidate): number[] {
    const { lines, shown } = this.#file(file);
    const unshown: number[] = [];
    for (let line = startLine; line < endLine; line++) {
      if (!shown.has(line) && !isBlank(lines[line])) unshown.push(line);
    }
    return unshown;
  }

  /** Whether a line follows or precedes one that is shown. */
  joins(file: Pick<Candidate, 'path' | 'isOwn' | 'lines'>, line: number): boolean {
    return this.#neighbours(file, line) > 0;
  }

  /** What it would cost to show one more line: less where it joins a span, less still where it joins two. */
  cost(file: Pick<Candidate, 'path' | 'isOwn' | 'lines'>, line: number): number {
    return lineTokens(file.lines[line]!) + SPAN_TOKENS * (1 - this.#neighbours(file, line));
  }

  add(file: Pick<ScoredCandidate, 'path' | 'isOwn' | 'lines' | 'score'>, line: number): void {
    this.#tokens += this.cost(file, line);
    this.#file(file).shown.set(line, { score: file.score, order: this.#added++ });
  }

  /** In the order in which each one's first line was added. */
  spans(): ShownSpan[] {
    const spans: { readonly span: ShownSpan; readonly order: number }[] = [];
    for (const { path, isOwn, lines, shown } of this.#files.values()) {
      for (const run of runsOf([...shown.keys()], lines)) {
        const added = run.map((line) => shown.get(line)!);
        const span = {
          path,
          isOwn,
          startLine: run[0]!,
          endLine: run.at(-1)! + 1,
          score: Math.max(...added.map(({ score }) => score)),
          text: run.map((line) => lines[line]!),
          fileLines: lines,
        };
        spans.push({ span, order: Math.min(...added.map(({ order }) => order)) });
      }
    }
    return spans.sort((a, b) => a.order - b.order).map(({ span }) => span);
  }

  #neighbours(file: Pick<Candidate, 'path' | 'isOwn' | 'lines'>, line: number): number {
    const { lines, shown } = this.#file(file);
    return [previousLine(lines, line), nextLine(lines, line)].filter(
      (each) => each !== undefined && shown.has(each),
    ).length;
  }

  #file({ path, isOwn, lines }: Pick<Candidate, 'path' | 'isOwn' | 'lines'>): FileLines {
    const key = `${isOwn ? 'own' : 'other'}:${path}`;
    let file = this.#files.get(key);
    if (file === undefined) this.#files.set(key, (file = { path, isOwn, lines, shown: new Map() }));
    return file;
  }
}

function runsOf(shown: number[], lines: readonly string[]): number[][] {
  const runs: number[][] = [];
  for (const line of shown.sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && previousLine(lines, line) === last.at(-1)) last.push(line);
    else runs.push([line]);
  }
  return runs;
}

/** The line before that is not blank. */
function previousLine(lines: readonly string[], line: number): number | undefined {
  for (let at = line - 1; at >= 0; at--) if (!isBlank(lines[at])) return at;
  return undefined;
}

function nextLine(lines: readonly string[], line: number): number | undefined {
  for (let at = line + 1; at < lines.length; at++) if (!isBlank(lines[at])) return at;
  return undefined;
}
