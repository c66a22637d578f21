import { connect as connectHttp2 } from 'node:http2';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { AppError } from '@repoformer/domain';
import { afterEach, describe, expect, it } from 'vitest';
import { RepositoryService } from '../gen/repoformer/v1/repository_pb.js';
import { startTestServer } from '../testing/test-server.js';
import type { TestServer } from '../testing/test-server.js';
import { addService } from './add-service.js';
import type { AddServiceOptions, CallReport, ServiceImplementation } from './add-service.js';
import type { CallContext } from './call-context.js';
import { createClient } from './create-client.js';
import type { ClientOf, ClientOptions } from './create-client.js';

type Implementation = ServiceImplementation<typeof RepositoryService>;

const unused = (): never => {
  throw new Error('not part of this test');
};
const blank: Implementation = {
  addRepository: unused,
  removeRepository: unused,
  listRepositories: unused,
  getRepository: unused,
  notifyCommit: unused,
  reindex: unused,
  watchRepository: unused,
};

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(
  kind: 'unix' | 'tcp',
  implementation: Partial<Implementation>,
  options: AddServiceOptions = {},
): Promise<TestServer> {
  const server = await startTestServer(kind, (grpc) =>
    addService(grpc, RepositoryService, { ...blank, ...implementation }, options),
  );
  closers.push(() => server.close());
  return server;
}

function connect(server: TestServer, options: ClientOptions = {}): ClientOf<typeof RepositoryService> {
  const client = createClient(RepositoryService, server.address, options);
  closers.push(() => client.close());
  return client;
}

/** A promise and its resolver, for handlers that tell the test how far they are. */
function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open!: (value: T) => void;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { opened, open };
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const problem = (length: number): { repository: { problem: string } } => ({
  repository: { problem: 'x'.repeat(length) },
});

describe.each(['unix', 'tcp'] as const)('over a %s socket', (kind) => {
  it('answers unary calls', async () => {
    const server = await serve(kind, {
      getRepository: ({ repository }) => ({ repository: { id: repository, files: 3n } }),
    });
    const reply = await connect(server).getRepository({ repository: 'abc' });
    expect(reply.repository).toMatchObject({ id: 'abc', files: 3n });
  });

  it('streams in order and ends', async () => {
    const server = await serve(kind, {
      async *watchRepository() {
        for (let i = 0; i < 100; i += 1) yield { repository: { files: BigInt(i) } };
      },
    });
    const seen: number[] = [];
    for await (const { repository } of connect(server).watchRepository({}))
      seen.push(Number(repository?.files));
    expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('carries errors with their details, before and within a stream', async () => {
    const lost = new AppError({
      kind: 'not_found',
      reason: 'REPOSITORY_NOT_FOUND',
      message: 'No repository has the id "abc".',
      meta: { repository: 'abc' },
    });
    const server = await serve(kind, {
      getRepository: () => Promise.reject(lost),
      async *watchRepository() {
        yield {};
        throw lost;
      },
    });
    const expected = {
      kind: 'not_found',
      reason: 'REPOSITORY_NOT_FOUND',
      message: lost.message,
      meta: lost.meta,
    };
    const client = connect(server);
    await expect(client.getRepository({})).rejects.toMatchObject(expected);
    const stream = client.watchRepository({});
    expect((await stream.next()).done).toBe(false);
    await expect(stream.next()).rejects.toMatchObject(expected);
  });
});

describe('back-pressure', () => {
  it('stops asking the handler while the reader is slow', async () => {
    let produced = 0;
    const server = await serve('unix', {
      async *watchRepository() {
        for (let i = 0; i < 2000; i += 1) {
          produced += 1;
          yield problem(64 * 1024);
        }
      },
    });
    const stream = connect(server).watchRepository({});
    await stream.next();
    // Until production has stood still for a while, or would have finished had nothing held it back.
    for (let last = -1, still = 0; still < 10 && produced < 2000;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      still = produced === last ? still + 1 : 0;
      last = produced;
    }
    expect(produced).toBeLessThan(500);
    let read = 1;
    for await (const _ of stream) read += 1;
    expect(read).toBe(2000);
  });

  it('lets go of a handler that waits for a reader who leaves', async () => {
    const left = gate<unknown>();
    const server = await serve('unix', {
      async *watchRepository(_, { signal }) {
        try {
          for (;;) yield problem(256 * 1024);
        } finally {
          left.open(signal.reason);
        }
      },
    });
    const stream = connect(server).watchRepository({});
    await stream.next();
    await stream.return();
    expect(await left.opened).toMatchObject({ kind: 'cancelled' });
  });
});

describe('cancellation', () => {
  const watching = (
    began: (context: CallContext) => void,
    ended: (reason: unknown) => void,
  ): Partial<Implementation> => ({
    async *watchRepository(_, context) {
      yield {};
      began(context);
      await untilAborted(context.signal);
      ended(context.signal.reason);
    },
    async getRepository(_, context) {
      began(context);
      await untilAborted(context.signal);
      ended(context.signal.reason);
      throw context.signal.reason;
    },
  });

  it('by leaving the loop reaches the handler', async () => {
    const ended = gate<unknown>();
    const server = await serve(
      'unix',
      watching(() => {}, ended.open),
    );
    for await (const _ of connect(server).watchRepository({})) break;
    expect(await ended.opened).toMatchObject({ kind: 'cancelled', reason: 'CANCELLED' });
  });

  it.each(['stream', 'unary'] as const)('by a signal reaches the handler of a %s call', async (shape) => {
    const began = gate<CallContext>();
    const ended = gate<unknown>();
    const server = await serve('unix', watching(began.open, ended.open));
    const controller = new AbortController();
    const client = connect(server);
    const call =
      shape === 'unary'
        ? client.getRepository({}, { signal: controller.signal })
        : (async () => {
            for await (const _ of client.watchRepository({}, { signal: controller.signal }));
          })();
    await began.opened;
    controller.abort();
    await expect(call).rejects.toMatchObject({ kind: 'cancelled', reason: 'CANCELLED' });
    expect(await ended.opened).toMatchObject({ kind: 'cancelled' });
  });

  it('before the call costs no call', async () => {
    let calls = 0;
    const server = await serve('unix', { getRepository: () => ((calls += 1), {}) });
    const signal = AbortSignal.abort();
    const client = connect(server);
    await expect(client.getRepository({}, { signal })).rejects.toMatchObject({ kind: 'cancelled' });
    await expect(client.watchRepository({}, { signal }).next()).rejects.toMatchObject({ kind: 'cancelled' });
    expect(calls).toBe(0);
  });

  it('by a vanished connection reaches the handler', async () => {
    const began = gate<CallContext>();
    const ended = gate<unknown>();
    const server = await serve('tcp', watching(began.open, ended.open));
    const session = connectHttp2(`http://${server.address}`);
    const request = session.request({
      ':method': 'POST',
      ':path': '/repoformer.v1.RepositoryService/WatchRepository',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    request.on('error', () => {});
    session.on('error', () => {});
    request.end(Buffer.from([0, 0, 0, 0, 0]));
    await began.opened;
    session.destroy();
    expect(await ended.opened).toMatchObject({ kind: 'cancelled' });
  });
});

describe('deadlines', () => {
  it('reach the handler and the caller', async () => {
    const ended = gate<unknown>();
    let remaining: number | undefined;
    const server = await serve('unix', {
      async getRepository(_, context) {
        remaining = context.remainingMs();
        await untilAborted(context.signal);
        ended.open(context.signal.reason);
        throw context.signal.reason;
      },
    });
    await expect(connect(server).getRepository({}, { timeoutMs: 60 })).rejects.toMatchObject({
      kind: 'deadline_exceeded',
      reason: 'DEADLINE_EXCEEDED',
    });
    await ended.opened;
    expect(remaining).toBeLessThanOrEqual(60);
  });

  it('are absent when the client sets none', async () => {
    let remaining: number | undefined = 1;
    const server = await serve('unix', {
      getRepository: (_, context) => ((remaining = context.remainingMs()), {}),
    });
    await connect(server).getRepository({});
    expect(remaining).toBeUndefined();
  });

  it("default to the client's own for unary calls", async () => {
    const server = await serve('unix', {
      getRepository: (_, { signal }) => untilAborted(signal).then(() => ({})),
    });
    await expect(connect(server, { timeoutMs: 50 }).getRepository({})).rejects.toMatchObject({
      kind: 'deadline_exceeded',
    });
  });
});

describe('failures', () => {
  it('that are defects are told by id only, and reported with their cause', async () => {
    const reports: CallReport[] = [];
    const defect = new TypeError('the secret of /home/someone');
    const server = await serve(
      'unix',
      { getRepository: () => Promise.reject(defect) },
      { onEnd: (report) => reports.push(report) },
    );
    const error: AppError = await connect(server)
      .getRepository({})
      .then(unused, (e) => e);
    expect(error).toMatchObject({ kind: 'internal', reason: 'INTERNAL' });
    expect(error.message).not.toContain('secret');
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ status: 'INTERNAL', error: defect, defectId: error.meta['id'] });
  });

  it('of a handler that throws at once do not bring the server down', async () => {
    const server = await serve('unix', { getRepository: unused, watchRepository: unused });
    const client = connect(server);
    await expect(client.getRepository({})).rejects.toMatchObject({ kind: 'internal' });
    await expect(client.watchRepository({}).next()).rejects.toMatchObject({ kind: 'internal' });
    await expect(client.getRepository({})).rejects.toMatchObject({ kind: 'internal' });
  });

  it('to reach a daemon say so', async () => {
    const client = createClient(RepositoryService, 'unix:/nonexistent/rf.sock');
    closers.push(() => client.close());
    await expect(client.getRepository({})).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'DAEMON_UNREACHABLE',
    });
  });

  it('of a connection that breaks within a stream say so', async () => {
    const server = await serve('tcp', {
      async *watchRepository(_, { signal }) {
        yield {};
        await untilAborted(signal);
      },
    });
    const sockets: Socket[] = [];
    const relay = createServer((near) => {
      const far = createConnection(Number(server.address.split(':')[1]), '127.0.0.1');
      near.pipe(far).pipe(near);
      sockets.push(near, far);
      for (const socket of [near, far]) socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    closers.push(() => relay.close());
    const client = createClient(RepositoryService, `127.0.0.1:${(relay.address() as AddressInfo).port}`);
    closers.push(() => client.close());
    const stream = client.watchRepository({});
    await stream.next();
    for (const socket of sockets) socket.destroy();
    await expect(stream.next()).rejects.toMatchObject({ kind: 'unavailable', reason: 'DAEMON_UNREACHABLE' });
  });

  it("to decode a request are the client's", async () => {
    const server = await serve('unix', { getRepository: () => ({}) });
    const raw = new Client(server.address, credentials.createInsecure());
    closers.push(() => raw.close());
    const error = await new Promise<ServiceError | null>((resolve) =>
      raw.makeUnaryRequest(
        '/repoformer.v1.RepositoryService/GetRepository',
        (bytes: Buffer) => bytes,
        (bytes) => bytes,
        Buffer.from([0xff, 0xff, 0xff]),
        new Metadata(),
        resolve,
      ),
    );
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
    expect(error?.metadata.get('grpc-status-details-bin')).toHaveLength(1);
  });

  it('of size are refused beyond 16 MiB, both ways, and not below', async () => {
    const server = await serve('unix', {
      addRepository: ({ root }) => problem(root.length),
      getRepository: () => problem(17 * 1024 * 1024),
    });
    const client = connect(server);
    const big = await client.addRepository({ root: 'x'.repeat(15 * 1024 * 1024) });
    expect(big.repository?.problem).toHaveLength(15 * 1024 * 1024);
    const tooLarge = { kind: 'resource_exhausted', reason: 'INVALID_REQUEST' };
    await expect(client.addRepository({ root: 'x'.repeat(17 * 1024 * 1024) })).rejects.toMatchObject(
      tooLarge,
    );
    await expect(client.getRepository({})).rejects.toMatchObject({ kind: 'resource_exhausted' });
  });
});

describe('service options', () => {
  it('stop ends running calls with its reason', async () => {
    const stop = new AbortController();
    const began = gate();
    const server = await serve(
      'unix',
      {
        async *watchRepository(_, { signal }) {
          yield {};
          await untilAborted(signal);
        },
        // Never settles: a status must not wait for a handler that ignores its signal.
        getRepository: () => (began.open(), new Promise<never>(() => {})),
      },
      { stop: stop.signal },
    );
    const client = connect(server);
    const stream = client.watchRepository({});
    await stream.next();
    const unary = client.getRepository({});
    unary.catch(() => {});
    await began.opened;
    stop.abort(new AppError({ kind: 'unavailable', reason: 'SHUTTING_DOWN', message: 'stopping' }));
    const expected = { kind: 'unavailable', reason: 'SHUTTING_DOWN', message: 'stopping' };
    await expect(stream.next()).rejects.toMatchObject(expected);
    await expect(unary).rejects.toMatchObject(expected);
  });

  it('admit refuses before the handler runs; reports count what was sent', async () => {
    const reports: CallReport[] = [];
    let open = false;
    const server = await serve(
      'unix',
      {
        async *watchRepository(_, context) {
          context.note({ generatedTokens: 3 });
          yield {};
          yield {};
        },
      },
      {
        admit: () => {
          if (!open) throw new AppError({ kind: 'unavailable', reason: 'SHUTTING_DOWN', message: 'no' });
        },
        onEnd: (report) => reports.push(report),
      },
    );
    const client = connect(server);
    await expect(client.watchRepository({}).next()).rejects.toMatchObject({ reason: 'SHUTTING_DOWN' });
    open = true;
    for await (const _ of client.watchRepository({}));
    expect(reports).toMatchObject([
      { status: 'UNAVAILABLE', reason: 'SHUTTING_DOWN', messages: 0 },
      { status: 'OK', messages: 2, facts: { generatedTokens: 3 } },
    ]);
    expect(reports[0]?.requestId).not.toBe(reports[1]?.requestId);
  });
});
