import { AppError } from '@repoformer/domain';
import type { CallReport } from '@repoformer/protocol';
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { LogSink } from './log-sink.js';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const MAX_MESSAGE = 500;
const MAX_CAUSES = 4;

/**
 * What of an error is logged. Messages of parsers are left out: they quote what they parsed, which may be
 * source text.
 */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const quotes = error instanceof SyntaxError;
  return {
    type: error.name,
    ...(error instanceof AppError && { kind: error.kind, reason: error.reason, meta: error.meta }),
    ...(!quotes && { message: error.message.slice(0, MAX_MESSAGE) }),
    // Expected failures need no stack; of others the frames are what tells the place.
    ...(!(error instanceof AppError) && {
      stack: (error.stack ?? '')
        .split('\n')
        .filter((line) => /^\s+at /.test(line))
        .slice(0, 12),
    }),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: describeError(error.cause, depth + 1) }),
  };
}

/** One JSON object a line: `level`, `time` (ISO 8601), `pid`, `msg` and facts. Never source text. */
export function createLogger(level: LogLevel, sink: LogSink): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => describeError(error) },
    },
    sink,
  );
}

/** Calls that clients make all the time; they are logged only in detail. */
const FREQUENT = /\/(GetRepository|ListRepositories|ListModels|WatchRepository|NotifyCommit|Warm|Report)$/;

/** Logs how one call went. */
export function logCall(logger: Logger, report: CallReport): void {
  const { method, requestId, status, reason, durationMs, messages, facts, defectId, error } = report;
  const line = {
    requestId,
    method: method.slice(1),
    status,
    ...(reason !== undefined && { reason }),
    durationMs: Math.round(durationMs * 10) / 10,
    messages,
    ...facts,
  };
  if (defectId !== undefined) {
    logger.error({ ...line, defectId, err: error }, 'call failed by a defect');
  } else if (status === 'INTERNAL' || status === 'UNAVAILABLE' || status === 'DATA_LOSS') {
    logger.warn({ ...line, err: error }, 'call failed');
  } else if (FREQUENT.test(method)) {
    logger.debug(line, 'call');
  } else {
    logger.info(line, 'call');
  }
}
