import { join } from 'node:path';
import type { ResolvedConfig } from '@repoformer/config';
import { visibleText } from '@repoformer/fim';
import { startDaemon } from './daemon.js';
import type { Daemon } from './daemon.js';
import { EXIT } from './exit-codes.js';
import { prepareDataDirectory } from './lifecycle/data-directory.js';
import { acquireInstanceLock } from './lifecycle/instance-lock.js';
import { RotatingFile, stderrSink } from './log/log-sink.js';
import { createLogger } from './log/logger.js';
import type { Logger } from './log/logger.js';
import { budgetsOf, createWiring } from './wiring.js';

const LOG_FILE = 'daemon.log';
const LOG_ROTATION = { maxBytes: 10 * 1024 * 1024, keep: 3 };
/** Everything that stops has a limit of its own; this is for what we did not think of. */
const STOP_LIMIT_MS = 20_000;

export interface RunOptions {
  readonly version: string;
  readonly logToFile: boolean;
}

/**
 * Runs the daemon of a data directory until it is told to stop by a signal. Resolves once it answers; the process
 * then lives on, and ends through `process.exit`.
 *
 * @throws AppError failed_precondition/CONFIG_INVALID; already_exists/DAEMON_ALREADY_RUNNING.
 */
export async function runDaemon(resolved: ResolvedConfig, options: RunOptions): Promise<void> {
  const { config } = resolved;
  const dataDirectory = prepareDataDirectory(config.dataDir);
  const { socket } = config;
  const lock = await acquireInstanceLock(dataDirectory, { socket, version: options.version });
  process.on('exit', () => lock.release());

  const sink = options.logToFile ? new RotatingFile(join(dataDirectory, LOG_FILE), LOG_ROTATION) : stderrSink;
  const logger = createLogger(config.logLevel, sink);
  logger.info({ version: options.version, node: process.version, dataDirectory }, 'starting');

  const wiring = createWiring(resolved, dataDirectory, logger);
  const starting = startDaemon(
    {
      dataDirectory,
      socket,
      listen: config.listen,
      allowRemote: config.allowRemote,
      tokenFile: config.tokenFile,
      defaults: {
        maxTokens: config.maxTokens,
        retrieval: {
          retriever: config.retriever,
          topK: config.topK,
          visible: visibleText(budgetsOf(config)),
        },
      },
    },
    wiring,
    logger,
  );
  stopOnSignals(starting, logger);
  await starting;
}

function stopOnSignals(starting: Promise<Daemon>, logger: Logger): void {
  let daemon: Daemon | undefined;
  let stopping = false;
  starting.then(
    (started) => (daemon = started),
    () => {},
  );

  const endNow = (code: number): never => {
    daemon?.abandon();
    process.exit(code);
  };
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stopping) {
      logger.warn({ signal }, 'ending at once');
      endNow(EXIT.failed);
    }
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error('could not stop in good order');
      endNow(EXIT.failed);
    }, STOP_LIMIT_MS).unref();
    // Without a daemon the start has failed, and whoever awaits it says why.
    const started = await starting.catch(() => undefined);
    if (started === undefined) return;
    await started.stop();
    logger.info('stopped');
    process.exit(EXIT.ok);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
  // The configuration is read at the start only, so there is nothing to reload, and a closed terminal is no
  // reason to end.
  process.on('SIGHUP', () => logger.info('SIGHUP ignored'));

  const onDefect = (kind: string) => (error: unknown) => {
    logger.fatal({ err: error }, kind);
    endNow(EXIT.failed);
  };
  process.on('uncaughtException', onDefect('uncaught exception'));
  process.on('unhandledRejection', onDefect('unhandled rejection'));
}
