import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { abortError, AppError, throwIfAborted } from '@repoformer/domain';
import { connectionProblem, httpGet, type HttpOptions } from './http-get.js';
import type { PartialFile } from './partial-file.js';
import { SourceError } from './source-error.js';

export interface UrlDownload extends HttpOptions {
  readonly url: string;
  /** Size of the whole file: another one is refused, and more is never written. */
  readonly sizeBytes: number;
  /** A connection over which nothing comes for this long is given up, and resumed. */
  readonly stallTimeoutMs: number;
  /** First pause before another attempt; it doubles each time. */
  readonly backoffMs: number;
  readonly onBytes: (doneBytes: number) => void;
}

/** Attempts that bring no new byte, one after the other: before anything has come, and after. */
const FRUITLESS_FIRST = 2;
const FRUITLESS_LATER = 5;
/** Against a server that goes back and forth for ever. */
const MOST_ATTEMPTS = 100;
const LONGEST_PAUSE_MS = 60_000;

/** A failure that another attempt may not meet. */
class TransientError extends SourceError {
  readonly retryAfterMs: number;

  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super('unreachable', message, options.cause);
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/**
 * Completes a partial file from an address, resuming where it ends. Returns when it has its full size; whether
 * it is the right file is for its checksum to say.
 *
 * @throws SourceError; AppError cancelled, or of the disk.
 */
export async function downloadUrl(target: PartialFile, options: UrlDownload): Promise<void> {
  let fruitless = 0;
  let anyCame = false;
  for (let attempts = 1; target.sizeBytes < options.sizeBytes; attempts++) {
    const before = target.sizeBytes;
    try {
      await attempt(target, options);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      const came = target.sizeBytes > before;
      anyCame ||= came;
      fruitless = came ? 0 : fruitless + 1;
      if (fruitless >= (anyCame ? FRUITLESS_LATER : FRUITLESS_FIRST)) throw error;
      if (attempts === MOST_ATTEMPTS) throw error;
      const backoffMs = options.backoffMs * 2 ** fruitless * (0.75 + Math.random() / 2);
      const pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(backoffMs, error.retryAfterMs));
      await delay(pauseMs, undefined, { signal: options.signal }).catch((cause: unknown) => {
        throw options.signal.aborted ? abortError(options.signal) : cause;
      });
    }
  }
}

async function attempt(target: PartialFile, options: UrlDownload): Promise<void> {
  const response = await get(target, options);
  try {
    await acceptHead(response, target, options);
    await receive(response, target, options);
  } finally {
    response.destroy();
  }
}

async function get(target: PartialFile, options: UrlDownload): Promise<IncomingMessage> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (target.sizeBytes > 0) {
    headers['range'] = `bytes=${target.sizeBytes}-`;
    const origin = await target.origin();
    if (origin?.url === options.url) headers['if-range'] = origin.etag;
  }
  try {
    return await httpGet(options.url, headers, options);
  } catch (error) {
    if (error instanceof AppError || (error instanceof SourceError && error.cause === undefined)) throw error;
    throw new TransientError((error as Error).message, { cause: error });
  }
}

/** Checks status and announced sizes, and puts the target's end where the body begins. */
async function acceptHead(
  response: IncomingMessage,
  target: PartialFile,
  options: UrlDownload,
): Promise<void> {
  const status = response.statusCode ?? 0;
  const { headers } = response;
  if (status === 416) {
    if (target.sizeBytes === 0) throw new SourceError('mismatch', 'it is empty');
    await target.truncate(0);
    throw new TransientError('it has no such range');
  }
  if (status === 408 || status === 429 || status >= 500) {
    throw new TransientError(`it answers HTTP ${status}`, {
      retryAfterMs: 1000 * (Number(headers['retry-after']) || 0),
    });
  }
  if (status !== 200 && status !== 206) throw new SourceError('unreachable', `it answers HTTP ${status}`);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new SourceError('mismatch', 'it sends the file encoded');
  }
  if (status === 200) {
    refuseSize(headers['content-length'], options.sizeBytes);
    await target.truncate(0);
  } else {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
    if (range?.[2] !== '*') refuseSize(range?.[2], options.sizeBytes);
    if (Number(range?.[1]) !== target.sizeBytes) {
      await target.truncate(0);
      throw new TransientError('it sends another range than asked for');
    }
  }
  const { etag } = headers;
  // If-Range compares strongly: a weak tag would never match.
  const isStrong = etag !== undefined && !etag.startsWith('W/');
  await target.setOrigin(isStrong ? { url: options.url, etag } : undefined);
}

function refuseSize(announced: string | undefined, sizeBytes: number): void {
  if (announced !== undefined && Number(announced) !== sizeBytes) {
    throw new SourceError('mismatch', `it offers ${announced} bytes instead of ${sizeBytes}`);
  }
}

async function receive(response: IncomingMessage, target: PartialFile, options: UrlDownload): Promise<void> {
  const { signal, stallTimeoutMs } = options;
  const abort = () => response.destroy(new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  const stalled = new TransientError(`nothing came for ${stallTimeoutMs / 1000} s`);
  const timer = setTimeout(() => response.destroy(stalled), stallTimeoutMs);
  try {
    throwIfAborted(signal);
    options.onBytes(target.sizeBytes);
    for await (const bytes of response as AsyncIterable<Buffer>) {
      timer.refresh();
      if (target.sizeBytes + bytes.length > options.sizeBytes) {
        throw new SourceError('mismatch', `it sends more than ${options.sizeBytes} bytes`);
      }
      await target.append(bytes);
      options.onBytes(target.sizeBytes);
    }
  } catch (error) {
    if (signal.aborted) throw abortError(signal);
    if (error instanceof SourceError || error instanceof AppError) throw error;
    throw new TransientError(connectionProblem(error), { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
  if (target.sizeBytes < options.sizeBytes) throw new TransientError('the connection ended early');
}
