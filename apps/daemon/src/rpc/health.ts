import type { Server } from '@grpc/grpc-js';
import { API_SERVICES } from '@repoformer/protocol';
import { HealthImplementation } from 'grpc-health-check';

/** The parts of the daemon that services wait for. */
export type DaemonPart = 'index' | 'models';

const PARTS_OF_SERVICE: Readonly<Record<string, readonly DaemonPart[]>> = {
  'repoformer.v1.CompletionService': ['models'],
  'repoformer.v1.PolicyService': ['models'],
  'repoformer.v1.RepositoryService': ['index'],
  'repoformer.v1.RetrievalService': ['index'],
  'repoformer.v1.ModelService': [],
};

/**
 * The standard health service. The empty name is SERVING while the daemon answers at all; each service is
 * SERVING while what it needs is there; all are NOT_SERVING once the daemon drains.
 */
export class Health {
  readonly #ready = new Set<DaemonPart>();
  readonly #implementation: HealthImplementation;
  #draining = false;

  constructor() {
    this.#implementation = new HealthImplementation({ '': 'SERVING' });
    this.#publish();
  }

  addTo(server: Server): void {
    // It types its parameter as the server of its own copy of grpc-js.
    this.#implementation.addToServer(server as unknown as Parameters<HealthImplementation['addToServer']>[0]);
  }

  set(part: DaemonPart, ready: boolean): void {
    if (ready) this.#ready.add(part);
    else this.#ready.delete(part);
    this.#publish();
  }

  drain(): void {
    this.#draining = true;
    this.#publish();
  }

  #publish(): void {
    if (this.#draining) this.#implementation.setStatus('', 'NOT_SERVING');
    for (const { typeName } of API_SERVICES) {
      const serving =
        !this.#draining && (PARTS_OF_SERVICE[typeName] ?? []).every((part) => this.#ready.has(part));
      this.#implementation.setStatus(typeName, serving ? 'SERVING' : 'NOT_SERVING');
    }
  }
}
