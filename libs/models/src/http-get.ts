import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { abortError, throwIfAborted } from '@repoformer/domain';
import { SourceError } from './source-error.js';

export interface HttpOptions {
  readonly signal: AbortSignal;
  /** Time for one request until its response begins. */
  readonly connectTimeoutMs: number;
  /** Where `HTTPS_PROXY` and `NO_PROXY` are looked up. */
  readonly env: NodeJS.ProcessEnv;
  /** Certificates to trust instead of the machine's. */
  readonly ca?: string;
}

const MOST_REDIRECTS = 5;
const USER_AGENT = 'repoformer';

/**
 * GET, following redirects. A redirect may lead only to https (or, from this machine itself, back to it).
 * The response's body has not been read; its consumer destroys it.
 *
 * @throws SourceError when there is no response; AppError cancelled.
 */
export async function httpGet(
  address: string,
  headers: Record<string, string>,
  options: HttpOptions,
): Promise<IncomingMessage> {
  let url = new URL(address);
  for (let redirects = 0; ; redirects++) {
    const response = await getOnce(url, headers, options);
    const location = response.headers.location;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0)) return response;
    response.destroy();
    if (redirects === MOST_REDIRECTS) throw new SourceError('unreachable', 'it redirects without end');
    const next =
      location !== undefined && URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (next === undefined) throw new SourceError('unreachable', 'it redirects to nowhere');
    if (next.protocol !== 'https:' && !(isLoopback(url) && isLoopback(next))) {
      throw new SourceError('unreachable', `it redirects to ${next.protocol}//, which is not https`);
    }
    url = next;
  }
}

function isLoopback(url: URL): boolean {
  return url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}

async function getOnce(
  url: URL,
  headers: Record<string, string>,
  options: HttpOptions,
): Promise<IncomingMessage> {
  throwIfAborted(options.signal);
  const deadline = AbortSignal.timeout(options.connectTimeoutMs);
  const signal = AbortSignal.any([options.signal, deadline]);
  try {
    if (url.protocol === 'https:') {
      const proxy = proxyFor(url, options.env);
      const socket = proxy === undefined ? undefined : await tunnel(proxy, url, signal, options.ca);
      return await responseTo(
        httpsRequest(url, {
          headers: { 'user-agent': USER_AGENT, ...headers },
          agent: false,
          ...(options.ca !== undefined && { ca: options.ca }),
          ...(socket !== undefined && { createConnection: () => socket }),
        }),
        signal,
      );
    }
    if (!isLoopback(url)) throw new SourceError('unreachable', `${url.protocol}// is not https`);
    return await responseTo(
      httpRequest(url, { headers: { 'user-agent': USER_AGENT, ...headers }, agent: false }),
      signal,
    );
  } catch (cause) {
    if (options.signal.aborted) throw abortError(options.signal);
    if (cause instanceof SourceError) throw cause;
    if (deadline.aborted) {
      throw new SourceError('unreachable', `no answer within ${options.connectTimeoutMs / 1000} s`, cause);
    }
    throw new SourceError('unreachable', connectionProblem(cause), cause);
  }
}

/** Resolves with the head of the response; from then on the signal no longer matters. */
function responseTo(request: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const abort = () => request.destroy(new Error('aborted'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    request.once('response', (response) => {
      signal.removeEventListener('abort', abort);
      resolve(response);
    });
    request.on('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
    request.end();
  });
}

/** What happened to a connection, for people. */
export function connectionProblem(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOTFOUND: 'its host is not known here',
    EAI_AGAIN: 'its host name cannot be looked up',
    ECONNREFUSED: 'the connection was refused',
    ECONNRESET: 'the connection was broken',
    ETIMEDOUT: 'the connection timed out',
    EHOSTUNREACH: 'its host cannot be reached',
    ENETUNREACH: 'the network cannot be reached',
  };
  return known[code ?? ''] ?? `the connection failed (${code ?? message})`;
}

/** The proxy for an https address, by the usual environment variables; undefined: connect directly. */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): URL | undefined {
  const address = env['HTTPS_PROXY'] ?? env['https_proxy'] ?? env['ALL_PROXY'] ?? env['all_proxy'] ?? '';
  if (address === '') return undefined;
  const exceptions = (env['NO_PROXY'] ?? env['no_proxy'] ?? '').toLowerCase().split(/[\s,]+/);
  const excepted = exceptions.some((pattern) => {
    if (pattern === '*') return true;
    const host = pattern.replace(/:\d+$/, '').replace(/^\*?\./, '');
    return host !== '' && (url.hostname === host || url.hostname.endsWith(`.${host}`));
  });
  if (excepted) return undefined;
  const full = address.includes('://') ? address : `http://${address}`;
  if (!full.startsWith('http://') || !URL.canParse(full)) {
    throw new SourceError('unreachable', 'HTTPS_PROXY is set, but not to an http:// proxy');
  }
  return new URL(full);
}

/** A TLS connection to the target through the proxy. */
async function tunnel(
  proxy: URL,
  target: URL,
  signal: AbortSignal,
  ca: string | undefined,
): Promise<TLSSocket> {
  const authority = `${target.hostname}:${target.port || '443'}`;
  const credentials = decodeURIComponent(`${proxy.username}:${proxy.password}`);
  const request = httpRequest({
    host: proxy.hostname,
    port: proxy.port || 80,
    method: 'CONNECT',
    path: authority,
    agent: false,
    headers: {
      host: authority,
      ...(proxy.username !== '' && {
        'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}`,
      }),
    },
  });
  const socket = await new Promise<Socket>((resolve, reject) => {
    const abort = () => request.destroy(new Error('aborted'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    request.once('connect', (response, connection: Socket) => {
      signal.removeEventListener('abort', abort);
      if (response.statusCode === 200) return resolve(connection);
      connection.destroy();
      reject(new SourceError('unreachable', `the proxy refused it (HTTP ${response.statusCode})`));
    });
    request.on('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(new SourceError('unreachable', `the proxy: ${connectionProblem(error)}`, error));
    });
    request.end();
  });
  return tlsConnect({ socket, servername: target.hostname, ...(ca !== undefined && { ca }) });
}
