import { AppError } from '@repoformer/domain';

/** A moment after which work on one text is given up. */
export interface Deadline {
  readonly passed: boolean;
  /** @throws AppError deadline_exceeded/DEADLINE_EXCEEDED once it has passed. */
  check(): void;
}

export function deadlineIn(timeoutMs: number): Deadline {
  const end = performance.now() + timeoutMs;
  return {
    get passed() {
      return performance.now() > end;
    },
    check() {
      if (performance.now() > end) throw deadlinePassed(timeoutMs);
    },
  };
}

export function deadlinePassed(timeoutMs: number): AppError {
  return new AppError({
    kind: 'deadline_exceeded',
    reason: 'DEADLINE_EXCEEDED',
    message: `the text could not be parsed within ${timeoutMs} ms: leave the file out, or allow more time`,
  });
}
