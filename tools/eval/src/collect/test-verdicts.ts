import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readJsonl, type LabelRecord } from '@repoformer/dataset';
import { AppError, invalidArgument } from '@repoformer/domain';
import { ALONE } from '../results.js';
import type { CompletionVerdict } from '../unit-tests/index.js';

/** What a package's tests say of one completion: a line of `tests.jsonl` in a run's folder. */
export interface TestVerdict {
  readonly schema: 1;
  /** The hole's. */
  readonly id: string;
  /** Chunks of context in the completion's prompt, or {@link ALONE}. */
  readonly chunks: number;
  /** {@link textDigest} of the completion as it was judged: of another completion the verdict says nothing. */
  readonly text: string;
  readonly outcome: CompletionVerdict;
}

const OUTCOMES: readonly CompletionVerdict[] = [
  'passed',
  'failed',
  'timed_out',
  'killed_memory',
  'untested',
  'broken',
];

/** The file of a run's verdicts. */
export function verdictFile(labelsDirectory: string): string {
  return join(labelsDirectory, 'tests.jsonl');
}

/** First 16 hex digits of a completion's SHA-256. */
export function textDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Verdicts of a run, none where its tests were never run; of two for one completion, the later. */
export class TestVerdicts {
  private readonly byCompletion = new Map<string, TestVerdict>();

  /** @throws AppError data_loss naming file and line */
  static async read(labelsDirectory: string): Promise<TestVerdicts> {
    const verdicts = new TestVerdicts();
    try {
      for await (const verdict of readJsonl(verdictFile(labelsDirectory), parseVerdict))
        verdicts.add(verdict);
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'not_found') throw error;
    }
    return verdicts;
  }

  add(verdict: TestVerdict): void {
    this.byCompletion.set(`${verdict.id} ${verdict.chunks}`, verdict);
  }

  /** Undefined: not tested yet, or it was another text. */
  find(id: string, chunks: number, text: string): CompletionVerdict | undefined {
    const verdict = this.byCompletion.get(`${id} ${chunks}`);
    return verdict?.text === textDigest(text) ? verdict.outcome : undefined;
  }

  /**
   * Whether the tests passed, by number of chunks; without those that the tests do not judge.
   *
   * @param label cut as by `cutLabel`
   */
  passedOf(label: LabelRecord): ReadonlyMap<number, boolean> {
    const passed = new Map<number, boolean>();
    for (const { chunks, text } of completionsOf(label)) {
      const outcome = this.find(label.id, chunks, text);
      if (outcome !== undefined && isJudgement(outcome)) passed.set(chunks, outcome === 'passed');
    }
    return passed;
  }
}

/** What was written at a hole, by number of chunks ({@link ALONE} among them). */
export function completionsOf({ variants, alone }: LabelRecord): { chunks: number; text: string }[] {
  return [...(alone ? [{ ...alone, chunks: ALONE }] : []), ...variants].flatMap(({ chunks, completion }) =>
    completion ? [{ chunks, text: completion.text }] : [],
  );
}

/** Whether an outcome says something of the completion, rather than of the tests. */
export function isJudgement(outcome: CompletionVerdict): boolean {
  return outcome !== 'untested' && outcome !== 'broken';
}

function parseVerdict(value: unknown): TestVerdict {
  const verdict = value as Partial<TestVerdict> | null;
  if (verdict?.schema !== 1) throw invalidArgument('schema', 'is not 1: this is no verdict of this version');
  if (typeof verdict.id !== 'string' || typeof verdict.text !== 'string') {
    throw invalidArgument('id', 'is lacking');
  }
  if (!Number.isInteger(verdict.chunks)) throw invalidArgument('chunks', 'must be a whole number');
  if (!(OUTCOMES as readonly unknown[]).includes(verdict.outcome)) {
    throw invalidArgument('outcome', 'is unknown');
  }
  return verdict as TestVerdict;
}
