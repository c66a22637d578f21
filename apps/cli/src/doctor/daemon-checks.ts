import { AppError } from '@repoformer/domain';
import type { DaemonClients } from '../daemon/daemon-clients.js';
import { readDaemonRecord } from '../daemon/daemon-lock.js';
import type { DaemonRecord } from '../daemon/daemon-lock.js';
import { checkHealth } from '../daemon/health.js';
import type { Serving } from '../daemon/health.js';
import { isUpToDate, renderProgress } from '../render/repository.js';
import { shortOid } from '../render/units.js';
import { findRegistered } from '../repository-of.js';
import { IndexState } from '@repoformer/protocol';
import { fail, ok, warn } from './check.js';
import type { CheckResult } from './check.js';

const CHECK_TIMEOUT_MS = 5_000;

interface DaemonFacts {
  readonly address: string;
  readonly dataDir: string;
  readonly socket: string;
  readonly version: string;
  readonly signal: AbortSignal;
}

/** Whether a daemon answers, of which version. */
export async function checkDaemon(facts: DaemonFacts): Promise<CheckResult & { readonly answers: boolean }> {
  const { address, dataDir, socket, signal } = facts;
  const record = readDaemonRecord(dataDir);
  let serving: Serving;
  try {
    serving = await checkHealth(address, '', { timeoutMs: CHECK_TIMEOUT_MS, signal });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.reason === 'DAEMON_UNREACHABLE') {
      const advice = 'repoformer up (commands that need it start it, too)';
      return { ...warn('daemon', `none answers at ${socket}`, advice), answers: false };
    }
    const problem = `it does not answer as it should: ${error.message}`;
    return { ...fail('daemon', problem, 'repoformer down --force'), answers: false };
  }
  return { ...judge(serving, facts, record), answers: true };
}

function judge(
  serving: Serving,
  { socket, version }: DaemonFacts,
  record: DaemonRecord | undefined,
): CheckResult {
  if (serving !== 'serving') return fail('daemon', 'it is stopping', 'try again in a moment');
  if (record === undefined || record.socket !== socket) return ok('daemon', `answers at ${socket}`);
  if (record.version !== version) {
    return warn(
      'daemon',
      `process ${record.pid} is version ${record.version}, this program ${version}`,
      'repoformer down; it will be started anew',
    );
  }
  return ok('daemon', `process ${record.pid}, version ${record.version}`);
}

/** Whether the parts of a daemon that answers are there. */
export async function checkParts(facts: DaemonFacts): Promise<CheckResult[]> {
  const options = { timeoutMs: CHECK_TIMEOUT_MS, signal: facts.signal };
  const log = `${facts.dataDir}/daemon.log says why`;
  const results: CheckResult[] = [];
  for (const [name, service] of [
    ['indexer', 'repoformer.v1.RepositoryService'],
    ['loaded model', 'repoformer.v1.CompletionService'],
  ] as const) {
    const serving = await checkHealth(facts.address, service, options).catch((): Serving => 'unknown');
    results.push(
      serving === 'serving'
        ? ok(name, 'ready')
        : warn(
            name,
            'not ready',
            name === 'indexer' ? log : `"repoformer up" waits for it and says why; ${log}`,
          ),
    );
  }
  return results;
}

/** Whether the index of a repository stands at its HEAD. */
export async function checkIndex(
  clients: DaemonClients,
  root: string,
  signal: AbortSignal,
): Promise<CheckResult> {
  const name = 'index';
  const repository = await findRegistered(clients, root, signal);
  if (repository === undefined) return warn(name, `${root} is not registered`, 'repoformer repo add');
  if (repository.state === IndexState.FAILED) {
    return fail(name, repository.problem || 'indexing failed', 'repoformer repo reindex');
  }
  if (repository.state === IndexState.READY && isUpToDate(repository) !== false) {
    return ok(name, `${repository.root} at ${shortOid(repository.indexedCommit) || 'no commit yet'}`);
  }
  const now = repository.state === IndexState.READY ? 'behind HEAD' : renderProgress(repository);
  return warn(name, `${repository.root}: ${now}`, 'wait a moment; then "repoformer repo status"');
}
