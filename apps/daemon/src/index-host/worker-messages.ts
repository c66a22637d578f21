import type { MessagePort } from 'node:worker_threads';
import { AppError } from '@repoformer/domain';
import type { ErrorKind, ErrorReason } from '@repoformer/domain';
import { describeError } from '../log/describe-error.js';

/** What the index worker is started with. */
export interface WorkerSettings {
  /** Directory of the index on disk. */
  readonly directory: string;
  readonly windowLines: number;
  readonly strideLines: number;
  readonly maxFileBytes: number;
  /** Whether uncommitted files are searched. */
  readonly workingTree: boolean;
  /** The end that the index is served at. */
  readonly port: MessagePort;
}

/** A line for the daemon's log. */
export interface WorkerNotice {
  readonly level: 'debug' | 'info' | 'warn';
  readonly message: string;
  readonly [fact: string]: unknown;
}

/** A notice as it crosses threads: an error among its facts is described, since cloning would empty it. */
export function toNotice({ error, ...line }: WorkerNotice & { readonly error?: unknown }): WorkerNotice {
  return { ...line, ...(error !== undefined && { error: describeError(error) }) };
}

/** From the worker to its host. */
export type WorkerReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: PlainError }
  | { readonly kind: 'notice'; readonly notice: WorkerNotice }
  | { readonly kind: 'stopped' };

/** From the host to its worker. */
export type WorkerCommand = { readonly kind: 'stop' };

/** An `AppError` as it crosses threads; structured cloning would leave a bare `Error`. */
export interface PlainError {
  readonly kind: ErrorKind;
  readonly reason: ErrorReason;
  readonly message: string;
  readonly meta: Readonly<Record<string, string>>;
}

export function toPlainError(error: unknown): PlainError {
  if (error instanceof AppError) {
    const { kind, reason, message, meta } = error;
    return { kind, reason, message, meta };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
  return { kind: 'internal', reason: 'INTERNAL', message, meta: {} };
}

export function fromPlainError(error: PlainError): AppError {
  return new AppError(error);
}
