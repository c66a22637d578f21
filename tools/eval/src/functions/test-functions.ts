import { join } from 'node:path';
import {
  JsonlWriter,
  tryLock,
  type CorpusRepository,
  type CorpusText,
  type Hole,
  type TestCommand,
} from '@repoformer/dataset';
import { AppError, isCancellation, throwIfAborted } from '@repoformer/domain';
import type { LabelledHole } from '../collect/collect-results.js';
import { restoreHole } from '../collect/restore-hole.js';
import {
  completionsOf,
  isJudgement,
  textDigest,
  TestVerdicts,
  verdictFile,
  type TestVerdict,
} from '../collect/test-verdicts.js';
import {
  createVerdictCache,
  openVerdictCache,
  UnitTestJudge,
  type CompletionVerdict,
  type VerdictCache,
} from '../unit-tests/index.js';
import { prepareTestEnvironment, type EnvironmentOptions, type TestEnvironment } from './test-environment.js';

/** A repository with tests, and its sources as they were committed. */
export interface TestedRepository extends CorpusRepository {
  readonly tests: TestCommand;
}

export interface FunctionTestOptions extends Omit<EnvironmentOptions, 'timeoutMs'> {
  readonly signal: AbortSignal;
  /** For one run of a package's tests. Wall clock. */
  readonly timeoutMs: number;
  /** `none`: with this user's rights and network, for code that is trusted. */
  readonly isolation: 'required' | 'none';
  readonly readTexts: (repository: CorpusRepository) => Promise<readonly CorpusText[]>;
  readonly onProgress?: (progress: FunctionTestProgress) => void;
  /** A hole that cannot be tested, or a repository by its first one, and why. */
  readonly onSkipped?: (repository: string, path: string, why: string) => void;
}

/** In completions. */
export interface FunctionTestProgress {
  readonly done: number;
  readonly total: number;
  /** Judged by this call, in completions a second; undefined before the first. */
  readonly rate: number | undefined;
  readonly repository: string;
}

export interface FunctionTestResult {
  /** Completions judged by this call. */
  readonly judged: number;
  /** Holes that tests say something of, that they pass whatever stands there, and whose tests fail as they are. */
  readonly tested: number;
  readonly untested: number;
  readonly broken: number;
}

/** What success looks like besides exit status 0, since a completed body may itself end the process with that. */
const SUCCESS: readonly (readonly [program: string, output: RegExp])[] = [
  ['pytest', /\d passed/],
  ['vitest', /\d passed/],
  ['unittest', /^OK\b/m],
];

/**
 * Process numbers that one run of tests may use up: runners that start a process for each test file go through
 * hundreds, and a namespace gives hardly any number out twice.
 */
const PROCESSES = 4096;

/**
 * Runs the tests of repositories with the completions of a run's function holes, and appends what they say to
 * `tests.jsonl` in the run's folder, each verdict durable before the next test run. What is there already is not run
 * again, nor is the truth or the broken body that show whether a hole is covered: those are kept in the cache.
 *
 * @returns what is known at the end; aborted, what is known so far
 * @throws AppError unavailable when another process is at it; what installing and running tests report
 */
export async function testFunctions(
  labelsDirectory: string,
  holes: readonly LabelledHole[],
  repositories: readonly TestedRepository[],
  options: FunctionTestOptions,
): Promise<FunctionTestResult> {
  const path = verdictFile(labelsDirectory);
  const lock = await tryLock(`${path}.lock`);
  if (!lock) {
    throw new AppError({
      kind: 'unavailable',
      reason: 'STORE_IN_USE',
      message: `${path}: another process runs these tests; wait until it has finished`,
    });
  }
  try {
    const verdicts = await TestVerdicts.read(labelsDirectory);
    const writer = await JsonlWriter.open(path);
    try {
      const run = new TestRun(holes, verdicts, writer, options);
      try {
        for (const repository of repositories) await run.testRepository(repository);
      } catch (error) {
        if (!options.signal.aborted || !isCancellation(error)) throw error;
      }
      return run.result();
    } finally {
      await writer.close();
    }
  } finally {
    await lock.release();
  }
}

interface Job {
  readonly id: string;
  readonly chunks: number;
  readonly text: string;
}

class TestRun {
  private readonly startedAt = performance.now();
  private readonly tested: readonly LabelledHole[];
  private readonly total: number;
  /** Completions judged before this call, by it, and those that cannot be. */
  private readonly known: number;
  private judged = 0;
  private passedOver = 0;
  /** Ids of holes whose repository's tests fail as it is. */
  private readonly broken = new Set<string>();

  constructor(
    holes: readonly LabelledHole[],
    private readonly verdicts: TestVerdicts,
    private readonly writer: JsonlWriter,
    private readonly options: FunctionTestOptions,
  ) {
    this.tested = holes.filter(({ hole }) => hole.kind === 'function');
    this.total = this.tested.flatMap(jobsOf).length;
    this.known = this.total - this.tested.flatMap((labelled) => this.lackingOf(labelled)).length;
  }

  async testRepository(repository: TestedRepository): Promise<void> {
    const lacking = this.tested.filter(
      (labelled) => labelled.hole.repository === repository.name && this.lackingOf(labelled).length > 0,
    );
    if (lacking.length === 0) return;
    this.report(repository.name);
    const { timeoutMs: _, ...forEnvironment } = this.options;
    const environment = await prepareTestEnvironment(repository, forEnvironment);
    const cache = await openVerdictCache(join(this.options.cacheDirectory, 'tests', 'verdicts.txt'));
    const wanted = await this.restore(repository, lacking);
    const [first] = wanted;
    if (!first) return;
    // Whether the tests pass as they are is asked anew each time: a broken environment would fail every completion.
    const isSound = await this.isSound(this.judgeOf(repository, environment, forgetful(cache)), first.hole);
    if (!isSound) {
      this.options.onSkipped?.(
        repository.name,
        first.hole.path,
        'the tests of this repository fail as it is, with the truth in place',
      );
      for (const { hole, jobs } of wanted) {
        this.broken.add(hole.id);
        this.passedOver += jobs.length;
      }
      return;
    }
    const judge = this.judgeOf(repository, environment, cache);
    for (const { hole, jobs } of wanted) {
      for (const job of jobs) await this.judge(judge, repository.name, hole, job);
    }
  }

  result(): FunctionTestResult {
    const counts = { tested: 0, untested: 0, broken: 0 };
    for (const labelled of this.tested) {
      const [outcome] = jobsOf(labelled).flatMap(
        ({ id, chunks, text }) => this.verdicts.find(id, chunks, text) ?? [],
      );
      if (outcome === undefined) {
        if (this.broken.has(labelled.hole.id)) counts.broken++;
      } else counts[isJudgement(outcome) ? 'tested' : (outcome as 'untested' | 'broken')]++;
    }
    return { judged: this.judged, ...counts };
  }

  /** Holes with all of their file around them, and the completions that are still to be judged. */
  private async restore(
    repository: TestedRepository,
    lacking: readonly LabelledHole[],
  ): Promise<{ readonly hole: Hole; readonly jobs: readonly Job[] }[]> {
    const texts = new Map((await this.options.readTexts(repository)).map(({ path, text }) => [path, text]));
    return lacking.flatMap((labelled) => {
      const jobs = this.lackingOf(labelled);
      const hole = restoreHole(labelled.hole, texts.get(labelled.hole.path) ?? '');
      // The name must say the version, which that of a local repository does not.
      if (hole) return [{ hole: { ...hole, repository: `${hole.repository}#${repository.commit}` }, jobs }];
      const why = 'it does not stand in the repository as the dataset says';
      this.options.onSkipped?.(repository.name, labelled.hole.path, why);
      this.passedOver += jobs.length;
      return [];
    });
  }

  private async judge(
    judge: UnitTestJudge,
    repository: string,
    hole: Hole,
    { id, chunks, text }: Job,
  ): Promise<void> {
    throwIfAborted(this.options.signal);
    let outcome: CompletionVerdict;
    try {
      outcome = await judge.judge(hole, text);
    } catch (error) {
      if (!isAboutLanguage(error)) throw error;
      this.passedOver++;
      this.options.onSkipped?.(repository, hole.path, error.message);
      return;
    }
    const verdict: TestVerdict = { schema: 1, id, chunks, text: textDigest(text), outcome };
    await this.writer.append(verdict);
    this.verdicts.add(verdict);
    this.judged++;
    this.report(repository);
  }

  private judgeOf(
    { root, tests }: TestedRepository,
    { command, env }: TestEnvironment,
    cache: VerdictCache,
  ): UnitTestJudge {
    const { timeoutMs, isolation, signal } = this.options;
    const success = SUCCESS.find(([program]) => tests.command.includes(program))?.[1];
    return new UnitTestJudge({
      repositoryRoot: root,
      command,
      env,
      timeoutMs,
      isolation,
      signal,
      processes: PROCESSES,
      ...(success && { successPattern: success }),
      cache,
    });
  }

  /** A language without a known way to fail is no matter of the repository. */
  private async isSound(judge: UnitTestJudge, hole: Hole): Promise<boolean> {
    const coverage = await judge.coverageOf(hole).catch((error: unknown) => {
      if (isAboutLanguage(error)) return 'untested';
      throw error;
    });
    return coverage !== 'broken';
  }

  private lackingOf(labelled: LabelledHole): Job[] {
    return jobsOf(labelled).filter(({ id, chunks, text }) => !this.verdicts.find(id, chunks, text));
  }

  private report(repository: string): void {
    const seconds = (performance.now() - this.startedAt) / 1000;
    this.options.onProgress?.({
      done: this.known + this.passedOver + this.judged,
      total: this.total,
      rate: this.judged === 0 ? undefined : this.judged / seconds,
      repository,
    });
  }
}

/** Knows nothing of before, and keeps what it learns in another. */
function forgetful(cache: VerdictCache): VerdictCache {
  const own = createVerdictCache();
  return {
    get: (key) => own.get(key),
    set: async (key, outcome) => {
      await own.set(key, outcome);
      await cache.set(key, outcome);
    },
  };
}

/** Nothing is known that fails in this language, so that no hole of it can be shown to be covered. */
function isAboutLanguage(error: unknown): error is AppError {
  return error instanceof AppError && error.meta['field'] === 'language';
}

function jobsOf({ label }: LabelledHole): Job[] {
  return completionsOf(label).map((completion) => ({ id: label.id, ...completion }));
}
