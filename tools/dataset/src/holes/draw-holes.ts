import { HOLE_KINDS, type HoleKind } from '../record.js';
import type { Candidate } from './candidate.js';
import { isImport, isWorthAsking } from './hole-rules.js';
import { isInTest, type SourceFile } from './source-file.js';

/** Largest shares of a repository's holes. */
const FILE_SHARE = 0.06;
const TEST_SHARE = 0.3;
const IMPORT_SHARE = 0.05;

/** A candidate that is a hole. */
export interface DrawnHole {
  readonly candidate: Candidate;
  readonly range: { readonly start: number; readonly end: number };
}

/** Candidates of each kind, in the order in which they are to be had. */
export type CandidatesByKind = ReadonlyMap<HoleKind, readonly Candidate[]>;

/**
 * Draws holes one after the other, kinds by their weights. Every limit is on the holes drawn so far, so that fewer
 * holes are the beginning of more. A kind that has no more gives its share to the others. When one file after the
 * other is at its limit, the limit on files is doubled rather than the repository given up; those on tests and
 * imports hold.
 */
export function* drawHoles(
  candidates: CandidatesByKind,
  weights: Readonly<Record<HoleKind, number>>,
): Generator<DrawnHole> {
  const files = new Set([...candidates.values()].flat().map(({ file }) => file));
  const tally = new Tally(Math.max(FILE_SHARE, 2 / files.size));
  const queues = HOLE_KINDS.filter((kind) => weights[kind] > 0).map((kind) => ({
    weight: weights[kind],
    queue: new Queue(candidates.get(kind) ?? []),
    credit: 0,
  }));
  for (;;) {
    const open = queues.filter(({ queue }) => !queue.isEmpty);
    const total = open.reduce((sum, { weight }) => sum + weight, 0);
    const byCredit = [...open].sort((a, b) => b.credit + b.weight / total - (a.credit + a.weight / total));
    let drawn: DrawnHole | undefined;
    for (const one of byCredit) {
      drawn = one.queue.take(tally);
      if (!drawn) continue;
      for (const each of open) each.credit += each.weight / total;
      one.credit -= 1;
      break;
    }
    if (drawn) {
      tally.add(drawn);
      yield drawn;
    } else if (!tally.relax()) {
      return;
    }
  }
}

type Verdict = 'yes' | 'not_now' | 'never';

/** What was drawn so far, and what may be drawn next. */
class Tally {
  private holes = 0;
  private tests = 0;
  private imports = 0;
  private readonly perFile = new Map<SourceFile, number>();
  private readonly places = new Set<string>();
  private readonly middles = new Set<string>();

  constructor(private fileShare: number) {}

  judge({ candidate: { file, kind }, range }: DrawnHole): Verdict {
    if (this.places.has(placeOf(file, range.start)) || this.middles.has(middleOf(file, kind, range)))
      return 'never';
    const next = this.holes + 1;
    if ((this.perFile.get(file) ?? 0) + 1 > Math.ceil(this.fileShare * next)) return 'not_now';
    if (isInTest(file, range.start) && this.tests + 1 > TEST_SHARE * next) return 'not_now';
    if (isImport(file, range.start, range.end) && this.imports + 1 > IMPORT_SHARE * next) return 'not_now';
    return 'yes';
  }

  add({ candidate: { file, kind }, range }: DrawnHole): void {
    this.holes += 1;
    this.tests += isInTest(file, range.start) ? 1 : 0;
    this.imports += isImport(file, range.start, range.end) ? 1 : 0;
    this.perFile.set(file, (this.perFile.get(file) ?? 0) + 1);
    this.places.add(placeOf(file, range.start));
    this.middles.add(middleOf(file, kind, range));
  }

  /** Lets files have more; false when they have no limit any more. */
  relax(): boolean {
    if (this.fileShare >= 1) return false;
    this.fileShare *= 2;
    return true;
  }
}

/** No two holes begin on the same line: they would be one question asked twice. */
function placeOf({ path, text }: SourceFile, start: number): string {
  return `${text.lastIndexOf('\n', start - 1)}:${path}`;
}

/** Nor do two of a kind have the same answer. */
function middleOf({ text }: SourceFile, kind: HoleKind, { start, end }: DrawnHole['range']): string {
  return `${kind}:${text.slice(start, end).trim()}`;
}

/** Candidates of one kind; those that were passed over come first when they are allowed. */
class Queue {
  private next = 0;
  private waiting: DrawnHole[] = [];

  constructor(private readonly candidates: readonly Candidate[]) {}

  get isEmpty(): boolean {
    return this.next >= this.candidates.length && this.waiting.length === 0;
  }

  take(tally: Tally): DrawnHole | undefined {
    const waiting = this.waiting;
    this.waiting = [];
    for (const [index, hole] of waiting.entries()) {
      const verdict = tally.judge(hole);
      if (verdict === 'not_now') this.waiting.push(hole);
      if (verdict !== 'yes') continue;
      this.waiting.push(...waiting.slice(index + 1));
      return hole;
    }
    while (this.next < this.candidates.length) {
      const candidate = this.candidates[this.next++]!;
      const range = candidate.range();
      if (!range || !isWorthAsking(candidate.file, candidate.kind, range.start, range.end)) continue;
      const hole = { candidate, range };
      const verdict = tally.judge(hole);
      if (verdict === 'yes') return hole;
      if (verdict === 'not_now') this.waiting.push(hole);
    }
    return undefined;
  }
}
