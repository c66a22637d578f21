import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hole } from '@repoformer/dataset';
import { brokenBody } from './broken-body.js';
import { runUnitTests, type TestOutcome, type UnitTestOptions } from './run-unit-tests.js';
import { createVerdictCache, type VerdictCache } from './verdict-cache.js';

/**
 * What a package's tests say of a hole. `tested`: they pass with the truth and fail with a body that raises. `untested`:
 * they pass with that, too. `broken`: they fail with the truth.
 */
export type HoleCoverage = 'tested' | 'untested' | 'broken';

/** `broken` and `untested`: nothing can be said of the completion, for the tests do not judge this hole. */
export type CompletionVerdict = TestOutcome | Exclude<HoleCoverage, 'tested'>;

export interface HoleTestOptions extends Omit<UnitTestOptions, 'path' | 'text'> {
  /**
   * Default: remembers within this object's life only. The hole's repository name is part of the key, the repository's
   * files are not: the name must say the version.
   */
  readonly cache?: VerdictCache;
}

/** Judges completions of function holes by their package's own tests. */
export class UnitTestJudge {
  private readonly cache: VerdictCache;

  constructor(private readonly options: HoleTestOptions) {
    this.cache = options.cache ?? createVerdictCache();
  }

  /** Runs the tests with the truth, and, if they pass, with a broken body; each once. */
  async coverageOf(hole: Hole): Promise<HoleCoverage> {
    if ((await this.truthOf(hole)) !== 'passed') return 'broken';
    return (await this.outcomeOf(hole, brokenBody(hole))) === 'passed' ? 'untested' : 'tested';
  }

  /**
   * Runs the tests with a completion in the hole.
   *
   * @throws AppError as `runUnitTests`; invalid_argument for a language in which no broken body is known.
   */
  async judge(hole: Hole, completion: string): Promise<CompletionVerdict> {
    const coverage = await this.coverageOf(hole);
    return coverage === 'tested' ? this.outcomeOf(hole, completion) : coverage;
  }

  /** The truth is the repository as it is, whichever the hole: one run answers for all of its holes. */
  private async truthOf(hole: Hole): Promise<TestOutcome> {
    const text = fileWith(hole, hole.middle);
    const original = await readFile(join(this.options.repositoryRoot, hole.path), 'utf8').catch(
      () => undefined,
    );
    return original === text ? this.run(hole, text, 'unchanged') : this.outcomeOf(hole, hole.middle);
  }

  private outcomeOf(hole: Hole, completion: string): Promise<TestOutcome> {
    const text = fileWith(hole, completion);
    return this.run(hole, text, JSON.stringify([hole.path, text]));
  }

  private async run(hole: Hole, text: string, change: string): Promise<TestOutcome> {
    const { cache: _cache, signal: _signal, repositoryRoot: _root, successPattern, ...limits } = this.options;
    const key = createHash('sha256')
      .update(JSON.stringify([hole.repository, limits, String(successPattern), change]))
      .digest('hex');
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const { outcome } = await runUnitTests({ ...this.options, path: hole.path, text });
    await this.cache.set(key, outcome);
    return outcome;
  }
}

function fileWith({ prefix, suffix }: Hole, completion: string): string {
  return prefix + completion + suffix;
}
