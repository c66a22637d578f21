import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';
import type {
  CompletionEvent,
  LanguageModel,
  RepositoryIndex,
  RepositoryStatus,
  RetrievalQuery,
} from '@repoformer/domain';
import { createLogger } from '../log/logger.js';
import type { Logger } from '../log/logger.js';

/** A directory that is removed by what comes with it. */
export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'rfd-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A logger whose lines can be read. */
export function recordingLogger(): { logger: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger('trace', {
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  return { logger, lines };
}

export function repositoryStatus(root: string, more: Partial<RepositoryStatus> = {}): RepositoryStatus {
  return {
    id: Buffer.from(root).toString('hex').padEnd(16, '0').slice(0, 16),
    root,
    state: 'ready',
    headCommit: 'aa',
    indexedCommit: 'aa',
    files: 1,
    chunks: 2,
    lines: 3,
    skipped: {},
    indexedAt: new Date(0),
    ...more,
  };
}

/** An index of nothing that remembers what it was asked. */
export class FakeIndex implements RepositoryIndex {
  readonly repositories = new Map<string, RepositoryStatus>();
  readonly notified: { repository: string; cause: string }[] = [];
  readonly queries: RetrievalQuery[] = [];
  readonly #watchers = new Set<(status: RepositoryStatus) => void>();

  async add(root: string): Promise<RepositoryStatus> {
    const status = repositoryStatus(root);
    this.repositories.set(status.id, status);
    return status;
  }

  async remove(repository: string): Promise<void> {
    this.repositories.delete((await this.get(repository)).id);
  }

  async list(): Promise<RepositoryStatus[]> {
    return [...this.repositories.values()];
  }

  async get(repository: string): Promise<RepositoryStatus> {
    const found = [...this.repositories.values()].find(
      ({ id, root }) => id === repository || root === repository,
    );
    if (found === undefined) {
      throw new AppError({ kind: 'not_found', reason: 'REPOSITORY_NOT_FOUND', message: 'none of this name' });
    }
    return found;
  }

  async notify(repository: string, cause: string): Promise<void> {
    await this.get(repository);
    this.notified.push({ repository, cause });
  }

  reindex(repository: string): Promise<RepositoryStatus> {
    return this.get(repository);
  }

  async retrieve(query: RetrievalQuery) {
    this.queries.push(query);
    const { indexedCommit, headCommit } = await this.get(query.repository);
    const chunk = { path: 'a.ts', startLine: 0, endLine: 1, score: 0.5, text: 'const a = 1;' };
    return { chunks: [chunk], indexedCommit, headCommit, state: 'ready', generation: 1 } as const;
  }

  async *watch(repository: string, signal: AbortSignal): AsyncGenerator<RepositoryStatus, void, void> {
    const queue = [await this.get(repository)];
    let wake: (() => void) | undefined;
    const onChange = (status: RepositoryStatus): void => {
      queue.push(status);
      wake?.();
    };
    const onAbort = (): void => wake?.();
    this.#watchers.add(onChange);
    signal.addEventListener('abort', onAbort);
    try {
      for (;;) {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) yield next;
        if (signal.aborted) return;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#watchers.delete(onChange);
      signal.removeEventListener('abort', onAbort);
    }
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  change(status: RepositoryStatus): void {
    for (const watcher of this.#watchers) watcher(status);
  }

  async close(): Promise<void> {}
}

/** A model that can be asked who it is, and nothing else. */
export function fakeModel(): LanguageModel & { closed: boolean } {
  const refuse = (): never => {
    throw new Error('this model only stands there');
  };
  return {
    closed: false,
    info: {
      name: 'fake',
      architecture: 'qwen2',
      parameters: 1,
      fileBytes: 2,
      memoryBytes: 3,
      contextTokens: 4096,
      device: 'cpu',
      specialTokens: { '<|fim_prefix|>': 1, '<|fim_suffix|>': 2, '<|fim_middle|>': 3 },
      vocabularySize: 16,
      fimTokens: { prefix: 1, suffix: 2, middle: 3 },
      endTokens: [0],
      metadata: {},
    },
    tokenize: refuse,
    tokenBytes: refuse,
    acquire: refuse,
    counters: () => ({
      evaluatedTokens: 10,
      generatedTokens: 5,
      reusedTokens: 7,
      requests: 2,
      cancelledRequests: 1,
      restarts: 0,
    }),
    prefillMsPerToken: () => undefined,
    async close() {
      this.closed = true;
    },
  };
}

/** The events of a short completion. */
export function sampleEvents(texts: readonly string[]): CompletionEvent[] {
  return [
    {
      kind: 'decision',
      decision: { outcome: 'retrieve', probability: 0.75, threshold: 0.5, policy: 'self', reason: 'r' },
    },
    {
      kind: 'context',
      context: {
        outcome: 'used',
        chunks: [{ path: 'a.ts', startLine: 0, endLine: 1, score: 0.5, text: 'retrieved source' }],
        indexedCommit: 'aa',
        headCommit: 'aa',
      },
    },
    ...texts.map((text) => ({ kind: 'text', text }) as const),
    {
      kind: 'finished',
      reason: 'end',
      text: texts.join(''),
      usage: { prompt: 9, reused: 1, context: 2, generated: texts.length },
      timings: {
        queueMs: 0,
        decideMs: 0,
        retrieveMs: 0,
        prefillMs: 0,
        firstTokenMs: 1,
        decodeMs: 0,
        totalMs: 2,
      },
    },
  ];
}
