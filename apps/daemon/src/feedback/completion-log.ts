import { randomBytes } from 'node:crypto';
import { AppError } from '@repoformer/domain';
import type { Clock, Decision } from '@repoformer/domain';
import type { CompletionFeedback } from '@repoformer/protocol';
import { RotatingFile } from '../log/log-sink.js';

/** Completions that can still be reported on. */
const REMEMBERED = 1000;
const MAX_FILE_BYTES = 4 * 1024 * 1024;

interface Remembered {
  decision?: Decision;
}

/**
 * What clients said became of completions, appended as JSON lines to a file on this machine, with what the
 * policy had decided: the data a threshold can be fitted from. No source text, path or repository is kept.
 */
export class CompletionLog {
  readonly #file: RotatingFile;
  readonly #clock: Clock;
  readonly #recent = new Map<string, Remembered>();

  constructor(path: string, clock: Clock, maxBytes = MAX_FILE_BYTES) {
    this.#file = new RotatingFile(path, { maxBytes, keep: 1 });
    this.#clock = clock;
  }

  /** A fresh, unguessable id; the oldest of those remembered is forgotten for it. */
  begin(): string {
    const id = randomBytes(12).toString('base64url');
    this.#recent.set(id, {});
    if (this.#recent.size > REMEMBERED) {
      const [oldest] = this.#recent.keys();
      if (oldest !== undefined) this.#recent.delete(oldest);
    }
    return id;
  }

  decided(id: string, decision: Decision): void {
    const entry = this.#recent.get(id);
    if (entry !== undefined) entry.decision = decision;
  }

  /** @throws AppError not_found/COMPLETION_UNKNOWN; unavailable/STORE_UNAVAILABLE. */
  report({ completionId, feedback, acceptedLength }: CompletionFeedback): void {
    const entry = this.#recent.get(completionId);
    if (entry === undefined) {
      throw new AppError({
        kind: 'not_found',
        reason: 'COMPLETION_UNKNOWN',
        message: `None of the last ${REMEMBERED} completions has this id.`,
      });
    }
    const { decision } = entry;
    const line = {
      time: new Date(this.#clock.now()).toISOString(),
      completion_id: completionId,
      feedback,
      ...(acceptedLength !== undefined && { accepted_length: acceptedLength }),
      ...(decision !== undefined && {
        policy: decision.policy,
        outcome: decision.outcome,
        ...(decision.probability !== undefined && { probability: decision.probability }),
        ...(decision.threshold !== undefined && { threshold: decision.threshold }),
      }),
    };
    try {
      this.#file.append(`${JSON.stringify(line)}\n`);
    } catch (error) {
      this.#file.close();
      throw new AppError({
        kind: 'unavailable',
        reason: 'STORE_UNAVAILABLE',
        message: `The feedback could not be written (${(error as NodeJS.ErrnoException).code}).`,
        cause: error,
      });
    }
  }

  close(): void {
    this.#file.close();
  }
}
