import { Server } from '@grpc/grpc-js';
import { SERVER_OPTIONS } from '@repoformer/protocol';
import { requireToken } from '../lifecycle/access-token.js';
import { listenTcp, listenUnix } from '../lifecycle/listen.js';
import { addServices } from './services.js';
import type { ServiceParts } from './services.js';

/** Time for replies already handed over to reach their readers. */
const FLUSH_MS = 500;

/** The listening servers. Each address has a server of its own, since a token is asked for on some only. */
export class RpcServers {
  readonly #parts: ServiceParts;
  readonly #servers: Server[] = [];
  #removeSocket: (() => void) | undefined;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  async listenUnix(path: string): Promise<void> {
    this.#removeSocket = await listenUnix(this.#create(undefined), path);
  }

  /** Returns the port. @param token Asked of each call; undefined: none is. */
  listenTcp(host: string, port: number, token: string | undefined): Promise<number> {
    return listenTcp(this.#create(token), host, port);
  }

  /** Stops listening, lets calls go on for `graceMs`, then ends them. Never rejects. */
  async drain(graceMs: number): Promise<void> {
    const { calls, health } = this.#parts;
    health.drain();
    const closed = Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.tryShutdown(() => resolve()))),
    );
    await calls.drain(graceMs);
    await calls.stop(FLUSH_MS);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([closed, new Promise((resolve) => (timer = setTimeout(resolve, FLUSH_MS)))]);
    clearTimeout(timer);
    for (const server of this.#servers) server.forceShutdown();
    this.removeSocket();
  }

  /** Synchronous, for a process that must end now: its connections end with it. */
  removeSocket(): void {
    this.#removeSocket?.();
    this.#removeSocket = undefined;
  }

  #create(token: string | undefined): Server {
    const interceptors = token === undefined ? [] : [requireToken(token)];
    const server = new Server({ ...SERVER_OPTIONS, interceptors });
    addServices(server, this.#parts);
    this.#servers.push(server);
    return server;
  }
}
