import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { SERVER_OPTIONS } from '../rpc/channel-options.js';

export interface TestServer {
  readonly address: string;
  close(): Promise<void>;
}

/** A server on a socket of its own; `kind` picks which. */
export async function startTestServer(
  kind: 'unix' | 'tcp',
  register: (server: Server) => void,
): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'rf-rpc-'));
  const server = new Server(SERVER_OPTIONS);
  register(server);
  const target = kind === 'unix' ? `unix:${join(directory, 's.sock')}` : '127.0.0.1:0';
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: kind === 'unix' ? target : `127.0.0.1:${port}`,
    async close() {
      server.forceShutdown();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
