import { AppError } from '@repoformer/domain';
import type { Failure, InferenceReply, InferenceRequest } from './inference-protocol.js';
import { InferenceSession, OperationCancelled, type Operation } from './inference-session.js';
import { LoadError } from './load-failure.js';
import { loadModel } from './model-loader.js';

/*
 * The inference process: loads one model, then serves requests from the daemon over the IPC channel, one
 * evaluation at a time. It lives exactly as long as that channel.
 */

type Request<T extends InferenceRequest['type']> = Extract<InferenceRequest, { type: T }>;

let session: InferenceSession | undefined;
/** Ends when the evaluation before has ended: there is one state. */
let turn: Promise<void> = Promise.resolve();
const running = new Map<number, AbortController>();
/** Wakes the generation that waits for its consumer. */
const wake = new Map<number, () => void>();

function send(reply: InferenceReply): void {
  if (process.connected) process.send?.(reply, () => undefined);
}

function failureOf(error: unknown): Failure {
  if (error instanceof AppError) {
    return { kind: error.kind, reason: error.reason, message: error.message };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'internal', reason: 'INTERNAL', message: `evaluation failed: ${message}` };
}

async function load({ spec, settings }: Request<'load'>): Promise<void> {
  try {
    const loaded = await loadModel(spec, settings, send);
    session = new InferenceSession(loaded, settings.chunkTokens);
    send({ type: 'loaded', info: loaded.info });
  } catch (error) {
    send({ type: 'load_failed', failure: error instanceof LoadError ? error.failure : failureOf(error) });
  }
}

/** Runs one request of the evaluation state after those before it, and always sends a last reply. */
function enqueue(
  id: number,
  run: (operation: Operation, session: InferenceSession) => Promise<InferenceReply>,
): void {
  const controller = new AbortController();
  running.set(id, controller);
  const operation: Operation = {
    signal: controller.signal,
    onProgress: (progress) => send({ type: 'progress', id, ...progress }),
  };
  turn = turn.then(async () => {
    try {
      if (session === undefined) throw new Error('no model is loaded');
      send(await run(operation, session));
    } catch (error) {
      if (error instanceof OperationCancelled) {
        send({ type: 'cancelled', id });
      } else {
        // What an evaluation that failed half-way left behind is not to be trusted.
        if (!(error instanceof AppError)) await session?.reset().catch(() => undefined);
        send({ type: 'failed', id, failure: failureOf(error) });
      }
    } finally {
      running.delete(id);
      wake.delete(id);
    }
  });
}

function evaluate(request: Request<'evaluate'>): void {
  enqueue(request.id, async (operation, model) => ({
    type: 'evaluated',
    id: request.id,
    ...(await model.evaluate(request, operation)),
  }));
}

function score(request: Request<'score'>): void {
  enqueue(request.id, async (operation, model) => ({
    type: 'scored',
    id: request.id,
    logProbabilities: await model.logProbabilities(request, operation),
  }));
}

function generate(request: Request<'generate'>): void {
  const { id } = request;
  enqueue(id, async (operation, model) => {
    const pieces = model.generate(request, operation);
    let generatedTokens = 0;
    try {
      for (;;) {
        const next = await pieces.next();
        if (next.done) return { type: 'ended', id, generatedTokens, ...next.value };
        generatedTokens = next.value.generatedTokens;
        const wanted = new Promise<void>((resolve) => wake.set(id, resolve));
        send({ type: 'piece', id, ...next.value });
        await wanted;
      }
    } finally {
      await pieces.return({ end: 'max_tokens', text: '' });
    }
  });
}

/** Requests that need no turn: they do not touch the evaluation state. */
function answer(id: number, reply: (model: InferenceSession) => InferenceReply): void {
  try {
    if (session === undefined) throw new Error('no model is loaded');
    send(reply(session));
  } catch (error) {
    send({ type: 'failed', id, failure: failureOf(error) });
  }
}

process.on('message', (request: InferenceRequest) => {
  switch (request.type) {
    case 'load':
      return void load(request);
    case 'tokenize':
      return answer(request.id, (model) => ({
        type: 'tokens',
        id: request.id,
        tokens: model.tokenize(request.texts),
      }));
    case 'token_bytes':
      return answer(request.id, (model) => ({
        type: 'bytes',
        id: request.id,
        bytes: model.tokenBytes(request.tokens),
      }));
    case 'evaluate':
      return evaluate(request);
    case 'score':
      return score(request);
    case 'generate':
      return generate(request);
    case 'next':
      return wake.get(request.id)?.();
    case 'cancel':
      running.get(request.id)?.abort();
      return wake.get(request.id)?.();
    case 'close':
      return process.exit(0);
  }
});

// The daemon is gone. Nothing here needs saving, and a kill cannot hang in a destructor of a busy library.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Ctrl-C and service managers signal the whole process group: the daemon drains first, then ends this process.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
