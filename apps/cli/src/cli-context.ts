import { AppError } from '@repoformer/domain';
import { OPTION_TABLE, propertyOf } from '@repoformer/config';
import type { Flags } from '@repoformer/config';
import { createDaemonClients } from './daemon/daemon-clients.js';
import type { DaemonClients } from './daemon/daemon-clients.js';
import { readDaemonRecord } from './daemon/daemon-lock.js';
import { checkHealth } from './daemon/health.js';
import { startDaemon } from './daemon/start-daemon.js';
import type { Host } from './host.js';
import type { Output } from './output.js';
import { readSettings } from './settings.js';
import type { Settings } from './settings.js';
import { readVersion } from './version.js';

/** Parsed options of a command and of the program, by camelCase name. */
export type CommandOptions = Readonly<Record<string, unknown>>;

const CHECK_TIMEOUT_MS = 5_000;

/** What every command works with. */
export class CliContext {
  readonly host: Host;
  readonly output: Output;
  readonly options: CommandOptions;
  #settings: Settings | undefined;
  #clients: DaemonClients | undefined;

  constructor(host: Host, output: Output, options: CommandOptions) {
    this.host = host;
    this.output = output;
    this.options = options;
  }

  get signal(): AbortSignal {
    return this.host.signal;
  }

  /** All options of the table. @throws AppError invalid_argument/CONFIG_INVALID. */
  get settings(): Settings {
    return (this.#settings ??= readSettings(this.host, this.flags));
  }

  /** Reads the options again, with what a repository's own file says. */
  readRepositorySettings(root: string): Settings {
    return (this.#settings = readSettings(this.host, this.flags, root));
  }

  /** The options of the table that were given as flags. */
  get flags(): Flags {
    const flags: Record<string, string | boolean | readonly string[]> = {};
    for (const { name } of OPTION_TABLE) {
      const value = this.options[propertyOf(name)];
      if (value !== undefined) flags[name] = value as string | boolean | readonly string[];
    }
    return flags;
  }

  get address(): string {
    return `unix:${this.settings.config.socket}`;
  }

  /** Whether a daemon answers at the socket. */
  async isDaemonUp(): Promise<boolean> {
    try {
      await checkHealth(this.address, '', { timeoutMs: CHECK_TIMEOUT_MS, signal: this.signal });
      return true;
    } catch (error) {
      if (error instanceof AppError && error.reason === 'DAEMON_UNREACHABLE') return false;
      throw error;
    }
  }

  /** Clients of the daemon, which is started first where it does not run (unless `--no-start`). */
  async connect(): Promise<DaemonClients> {
    if (this.#clients !== undefined) return this.#clients;
    if (await this.isDaemonUp()) {
      await this.#warnOfOtherDaemon();
    } else if (this.options['start'] === false) {
      throw new AppError({
        kind: 'unavailable',
        reason: 'DAEMON_UNREACHABLE',
        message: `no daemon answers at ${this.settings.config.socket}`,
        meta: { socket: this.settings.config.socket },
      });
    } else {
      await this.start();
    }
    return (this.#clients ??= createDaemonClients(this.address));
  }

  /** Starts the daemon and waits until it answers. */
  async start(): Promise<void> {
    await startDaemon(this.settings, {
      env: this.host.env,
      signal: this.signal,
      onWait: (elapsedMs) => this.output.progress(`starting the daemon ${Math.floor(elapsedMs / 1000)} s`),
    });
    this.output.clearProgress();
  }

  close(): void {
    this.#clients?.close();
    this.#clients = undefined;
  }

  /** A daemon of another version answers, or one whose model is not the one asked for. */
  async #warnOfOtherDaemon(): Promise<void> {
    const { config, origins } = this.settings;
    const style = this.output.noteStyle;
    const running = readDaemonRecord(config.dataDir);
    const version = readVersion();
    if (running !== undefined && running.socket === config.socket && running.version !== version) {
      this.output.note(
        style.yellow(
          `The daemon is version ${running.version} and this program ${version}: run "repoformer down", it will be started anew.`,
        ),
      );
    }
    const asked = origins.model.kind === 'flag' || origins.model.kind === 'env' ? config.model : undefined;
    if (asked === undefined || asked === 'default') return;
    const clients = (this.#clients = createDaemonClients(this.address));
    const { models } = await clients.model.listModels({}, { signal: this.signal });
    const generator = models.find(({ roles }) => roles.includes('generator'));
    if (generator !== undefined && generator.name !== asked) {
      this.output.note(
        style.yellow(
          `The daemon runs with the model ${generator.name}, not ${asked}: run "repoformer down", it will be started with that one.`,
        ),
      );
    }
  }
}
