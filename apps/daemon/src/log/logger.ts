import type { CallReport } from '@repoformer/protocol';
import { pino } from 'pino';
import type { LevelWithSilent, Logger } from 'pino';
import { describeError } from './describe-error.js';
import type { LogSink } from './log-sink.js';

export type { Logger } from 'pino';

/** One JSON object a line: `level`, `time` (ISO 8601), `pid`, `msg` and facts. Never source text. */
export function createLogger(level: LevelWithSilent, sink: LogSink): Logger {
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
