import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DescService } from '@bufbuild/protobuf';
import { createClient } from '@repoformer/protocol';
import type { ClientOf } from '@repoformer/protocol';

const BIN = fileURLToPath(new URL('../../bin/repoformerd.mjs', import.meta.url));
/** The small model that comes with the program. */
export const EMBEDDED_MODEL = fileURLToPath(
  new URL('../../../../models/repoformer-nano0-7m-q8_0.gguf', import.meta.url),
);

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built daemon as a process of its own. */
export class DaemonProcess {
  readonly child: ChildProcess;
  readonly socket: string;
  stderr = '';
  stdout = '';
  readonly #clients: { close(): void }[] = [];

  constructor(
    readonly dataDirectory: string,
    args: readonly string[] = [],
  ) {
    this.socket = join(dataDirectory, 'repoformerd.sock');
    const all = [BIN, '--data-dir', dataDirectory, '--model', EMBEDDED_MODEL, '--gpu', 'none', ...args];
    const { PATH, HOME } = process.env;
    this.child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH, HOME } });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** Log lines so far. */
  lines(): Record<string, unknown>[] {
    return this.stderr
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Resolves once a line with this message is logged; rejects when the process ends first. */
  async logged(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines().find(({ msg }) => msg === message);
      if (found !== undefined) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`ended before "${message}": ${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  client<S extends DescService>(service: S): ClientOf<S> {
    const client = createClient(service, `unix:${this.socket}`);
    this.#clients.push(client);
    return client;
  }

  async ended(): Promise<Outcome> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return { code: this.child.exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  async end(signal: NodeJS.Signals): Promise<Outcome> {
    this.child.kill(signal);
    return this.ended();
  }

  /** For after a test: whatever is left of it. */
  async dispose(): Promise<void> {
    for (const client of this.#clients) client.close();
    if (this.child.exitCode === null && this.child.signalCode === null) await this.end('SIGKILL');
  }
}
