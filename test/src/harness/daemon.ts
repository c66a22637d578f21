import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompletionService,
  createClient,
  IndexState,
  ModelService,
  PolicyService,
  RepositoryService,
  RetrievalService,
  type ClientOf,
  type CompleteResponse,
  type EngineCounters,
  type Repository,
} from '@repoformer/protocol';
import { DAEMON, MODEL } from './paths.js';
import { until } from './poll.js';

export interface DaemonOptions {
  /** Default: a fresh folder, removed by `remove`. */
  readonly dataDirectory?: string;
  readonly model?: string;
  readonly args?: readonly string[];
}

/** The real daemon, as its own process, with a client for each of its services. */
export class Daemon {
  private stderr = '';

  private constructor(
    readonly process: ChildProcess,
    readonly dataDirectory: string,
    readonly address: string,
  ) {
    this.completion = createClient(CompletionService, address);
    this.models = createClient(ModelService, address);
    this.policy = createClient(PolicyService, address);
    this.repositories = createClient(RepositoryService, address);
    this.retrieval = createClient(RetrievalService, address);
    process.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  readonly completion: ClientOf<typeof CompletionService>;
  readonly models: ClientOf<typeof ModelService>;
  readonly policy: ClientOf<typeof PolicyService>;
  readonly repositories: ClientOf<typeof RepositoryService>;
  readonly retrieval: ClientOf<typeof RetrievalService>;

  /** Starts a daemon; resolves once it answers. */
  static async start(options: DaemonOptions = {}): Promise<Daemon> {
    const dataDirectory = options.dataDirectory ?? realpathSync(mkdtempSync(join(tmpdir(), 'repoformerd-')));
    const socket = join(dataDirectory, 'repoformerd.sock');
    const args = [
      '--data-dir',
      dataDirectory,
      '--socket',
      socket,
      '--model',
      options.model ?? MODEL,
      ...(options.args ?? []),
    ];
    const child = spawn(process.execPath, [DAEMON, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    const daemon = new Daemon(child, dataDirectory, `unix:${socket}`);
    await until('the daemon to answer', async () => {
      if (child.exitCode !== null)
        throw new Error(`the daemon exited with ${child.exitCode}: ${daemon.log()}`);
      return daemon.repositories.listRepositories({}, { timeoutMs: 1000 }).catch(() => undefined);
    });
    return daemon;
  }

  /** What it wrote to standard error. */
  log(): string {
    return this.stderr;
  }

  /** Registers a repository and waits until HEAD is indexed. */
  async index(root: string): Promise<Repository> {
    await this.repositories.addRepository({ root });
    return this.indexed(root);
  }

  /** Waits until the index stands at a commit (default: at HEAD). */
  async indexed(root: string, commit?: string): Promise<Repository> {
    return until(`${root} to be indexed${commit ? ` at ${commit}` : ''}`, async () => {
      const { repository } = await this.repositories.getRepository({ repository: root });
      if (repository!.state === IndexState.FAILED) throw new Error(repository!.problem);
      const isAt = repository!.indexedCommit === (commit ?? repository!.headCommit);
      return repository!.state === IndexState.READY && isAt ? repository! : undefined;
    });
  }

  /** Completes, and takes the events apart. */
  async complete(request: Parameters<Daemon['completion']['complete']>[0]): Promise<Completion> {
    const events: CompleteResponse[] = [];
    for await (const response of this.completion.complete(request, { timeoutMs: 120_000 }))
      events.push(response);
    return readCompletion(events);
  }

  async counters(): Promise<EngineCounters> {
    const { models } = await this.models.listModels({});
    return models.find((model) => model.roles.includes('generator'))!.counters!;
  }

  /** Process ids of its inference processes. */
  engineProcesses(): number[] {
    return childrenOf(this.process.pid!);
  }

  /** Ends it and waits until it is gone. @returns its exit code, null when killed */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode;
    const exited = once(this.process, 'exit') as Promise<[number | null]>;
    this.process.kill(signal);
    const [code] = await exited;
    return code;
  }

  async remove(): Promise<void> {
    for (const client of [this.completion, this.models, this.policy, this.repositories, this.retrieval])
      client.close();
    await this.stop();
    rmSync(this.dataDirectory, { recursive: true, force: true });
  }
}

export interface Completion {
  readonly kinds: readonly string[];
  readonly decision: Extract<CompleteResponse['event'], { case: 'decision' }>['value'];
  readonly context: Extract<CompleteResponse['event'], { case: 'context' }>['value'];
  readonly finished: Extract<CompleteResponse['event'], { case: 'finished' }>['value'];
  readonly texts: readonly string[];
  readonly id: string;
}

export function readCompletion(events: readonly CompleteResponse[]): Completion {
  const find = (kind: string) => events.find(({ event }) => event.case === kind)?.event.value;
  return {
    kinds: events.map(({ event }) => event.case ?? 'none'),
    decision: find('decision') as Completion['decision'],
    context: find('context') as Completion['context'],
    finished: find('finished') as Completion['finished'],
    texts: events.flatMap(({ event }) => (event.case === 'text' ? [event.value.text] : [])),
    id: events[0]!.completionId,
  };
}

/** Child processes, where /proc tells them. */
function childrenOf(pid: number): number[] {
  const tasks = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return tasks.split(' ').filter(Boolean).map(Number);
}
