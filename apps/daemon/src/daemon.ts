import { join } from 'node:path';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { AppError, systemClock } from '@repoformer/domain';
import type { LanguageModel, RepositoryIndex } from '@repoformer/domain';
import { CommitSignals } from './commits/commit-signals.js';
import type { CommitSources } from './commits/commit-signals.js';
import { CompletionLog } from './feedback/completion-log.js';
import { SupervisedIndex } from './index-host/supervised-index.js';
import type { IndexBackend } from './index-host/supervised-index.js';
import { readOrCreateToken } from './lifecycle/access-token.js';
import { CallTracker } from './lifecycle/call-tracker.js';
import { isLoopback } from './lifecycle/listen.js';
import { logCall } from './log/logger.js';
import type { Logger } from './log/logger.js';
import { ModelHost } from './models/model-host.js';
import type { HostedModel } from './models/model-host.js';
import type { Completions } from './rpc/completion-handlers.js';
import { Health } from './rpc/health.js';
import type { Scorer } from './rpc/policy-handlers.js';
import { RpcServers } from './rpc/rpc-servers.js';
import type { RequestDefaults } from './rpc/services.js';

/** Time that running completions are given to finish when the daemon stops. */
const DRAIN_MS = 5_000;

export interface DaemonSettings {
  /** Absolute and checked; see `prepareDataDirectory`. */
  readonly dataDirectory: string;
  /** Path of the Unix socket. */
  readonly socket: string;
  /** TCP address, besides the socket. */
  readonly listen?: { readonly host: string; readonly port: number } | undefined;
  /** Lets `listen` be an address that other machines can reach. */
  readonly allowRemote: boolean;
  /** File of the token that TCP calls must carry; created when absent. */
  readonly tokenFile: string;
  readonly defaults: RequestDefaults;
}

/** Gives a loaded model by its role, and rejects with unavailable/MODEL_NOT_LOADED. */
export type ModelByRole = (role: string, signal: AbortSignal) => Promise<LanguageModel>;

/** The parts that the daemon puts together; tests give their own. */
export interface DaemonWiring {
  startIndex(): Promise<IndexBackend>;
  readonly models: readonly HostedModel[];
  createCompletions(index: RepositoryIndex, model: ModelByRole): Completions & Scorer;
  readonly commitSources: CommitSources;
}

/** A daemon that answers. */
export class Daemon {
  readonly #servers: RpcServers;
  readonly #closers: readonly (() => void | Promise<void>)[];
  #stopping: Promise<void> | undefined;

  constructor(
    readonly tcpPort: number | undefined,
    servers: RpcServers,
    closers: readonly (() => void | Promise<void>)[],
  ) {
    this.#servers = servers;
    this.#closers = closers;
  }

  /** Stops listening, lets completions finish within `graceMs`, then closes everything. Never rejects. */
  stop(graceMs = DRAIN_MS): Promise<void> {
    this.#stopping ??= (async () => {
      await this.#servers.drain(graceMs);
      for (const close of this.#closers) await Promise.resolve(close()).catch(() => {});
    })();
    return this.#stopping;
  }

  /** Removes the socket at once, for a process that must end now. */
  abandon(): void {
    this.#servers.removeSocket();
  }
}

/** The token of the TCP address: every user of this machine can reach one, and more than they a remote one. */
function tokenFor({ listen, allowRemote, tokenFile }: DaemonSettings): string | undefined {
  if (listen === undefined) return undefined;
  if (!isLoopback(listen.host) && !allowRemote) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message:
        `Other machines could reach ${listen.host}, and requests hold source text: listen at 127.0.0.1, ` +
        'or allow it with --allow-remote.',
    });
  }
  return readOrCreateToken(tokenFile);
}

/**
 * Starts a daemon: it answers when this resolves, while the index opens and the models load. The caller holds the
 * instance lock.
 *
 * @throws AppError failed_precondition/CONFIG_INVALID; already_exists/DAEMON_ALREADY_RUNNING.
 */
export async function startDaemon(
  settings: DaemonSettings,
  wiring: DaemonWiring,
  logger: Logger,
): Promise<Daemon> {
  // What grpc-js prints by itself is no log line; failures reach us as errors.
  if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
  const token = tokenFor(settings);
  const health = new Health();
  const calls = new CallTracker((report) => logCall(logger, report));
  const completionLog = new CompletionLog(join(settings.dataDirectory, 'feedback.jsonl'), systemClock);

  const index = new SupervisedIndex({
    start: () => wiring.startIndex(),
    onChange: (usable, cause) => {
      health.set('index', usable);
      if (usable) {
        logger.info('index ready');
        void signals.reconcile('start');
      } else {
        logger.error({ err: cause }, 'index not available; starting it again');
      }
    },
  });
  const signals = new CommitSignals(index, wiring.commitSources, logger);
  const models = new ModelHost(wiring.models, {
    onSettled: ({ name, roles }, outcome) => {
      health.set('models', models.allLoaded);
      if (outcome instanceof AppError) logger.error({ model: name, roles, err: outcome }, 'model not loaded');
      else logger.info({ model: outcome.name, roles, device: outcome.model.info.device }, 'model loaded');
    },
  });
  const servers = new RpcServers({
    index,
    completions: wiring.createCompletions(index, (role, signal) => models.model(role, signal)),
    models,
    completionLog,
    repositories: signals,
    health,
    calls,
    clock: systemClock,
    defaults: settings.defaults,
  });

  // Sockets are bound with a narrowed umask, so nothing else may create files before they are.
  let tcpPort: number | undefined;
  try {
    await servers.listenUnix(settings.socket);
    if (settings.listen !== undefined) {
      const { host, port } = settings.listen;
      tcpPort = await servers.listenTcp(host, port, token);
    }
  } catch (error) {
    await servers.drain(0);
    throw error;
  }
  logger.info({ socket: settings.socket, ...(tcpPort !== undefined && { tcpPort }) }, 'listening');

  index.start();
  models.start();
  try {
    await signals.open();
  } catch (error) {
    logger.error({ err: error }, 'the hook spool cannot be read; commits are seen by watching HEAD only');
  }
  return new Daemon(tcpPort, servers, [
    () => signals.close(),
    () => models.close(),
    () => index.close(),
    () => completionLog.close(),
  ]);
}
