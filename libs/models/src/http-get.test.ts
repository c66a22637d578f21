import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpGet, proxyFor, type HttpOptions } from './http-get.js';
import { createSandbox, type Sandbox } from './testing.js';

const options = (more: Partial<HttpOptions> = {}): HttpOptions => ({
  signal: new AbortController().signal,
  connectTimeoutMs: 5000,
  env: {},
  ...more,
});

describe('proxyFor', () => {
  const url = new URL('https://models.example.org/file');
  it.each([
    [{}, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128/'],
    [{ https_proxy: 'proxy:3128' }, 'http://proxy:3128/'],
    [{ ALL_PROXY: 'http://u:p@proxy' }, 'http://u:p@proxy/'],
    [{ HTTPS_PROXY: 'http://proxy', NO_PROXY: '*' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy', NO_PROXY: 'localhost, .example.org' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy', no_proxy: 'models.example.org:443' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy', NO_PROXY: 'ample.org,other.example.org' }, 'http://proxy/'],
    [{ HTTP_PROXY: 'http://proxy' }, undefined],
  ])('of %j is %s', (env, proxy) => {
    expect(proxyFor(url, env)?.href).toBe(proxy);
  });

  it('refuses a proxy it cannot speak to', () => {
    expect(() => proxyFor(url, { HTTPS_PROXY: 'socks5://proxy' })).toThrow(/not to an http:\/\/ proxy/);
  });
});

describe('httpGet', () => {
  it('refuses plain http to other machines', async () => {
    await expect(httpGet('http://192.0.2.1/file', {}, options())).rejects.toThrow(/not https/);
  });

  it('says that nobody listens, in words, and gives up when cancelled', async () => {
    await expect(httpGet('http://127.0.0.1:1/file', {}, options())).rejects.toThrow(/connection was refused/);
    const signal = AbortSignal.abort();
    await expect(httpGet('http://127.0.0.1:1/file', {}, options({ signal }))).rejects.toMatchObject({
      kind: 'cancelled',
    });
  });
});

/** A key and a certificate for localhost; undefined without openssl. */
function createCertificate(folder: string): { key: string; cert: string } | undefined {
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  const how = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  try {
    execFileSync(
      'openssl',
      [...how, '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
      {
        stdio: 'ignore',
      },
    );
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } catch {
    process.stderr.write('skipped: https and proxies, for want of openssl\n');
    return undefined;
  }
}

describe('httpGet over https', () => {
  let sandbox: Sandbox;
  let certificate: { key: string; cert: string } | undefined;
  let address = '';
  const servers: Server[] = [];
  const listen = async (server: Server) => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const body = async (response: IncomingMessage) => {
    let text = '';
    for await (const part of response) text += String(part);
    return text;
  };

  beforeAll(async () => {
    sandbox = await createSandbox();
    certificate = createCertificate(sandbox.root);
    if (certificate === undefined) return;
    const server = createTlsServer(certificate, (request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
      else response.end(`served ${request.headers.range}`);
    });
    address = `https://localhost:${await listen(server)}`;
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await sandbox.remove();
  });

  it('reads from a server that it trusts, and from no other', async ({ skip }) => {
    if (certificate === undefined) return skip('openssl is not here');
    const trusting = options({ ca: certificate.cert });
    expect(await body(await httpGet(`${address}/file`, { range: 'bytes=5-' }, trusting))).toBe(
      'served bytes=5-',
    );
    await expect(httpGet(`${address}/file`, {}, options())).rejects.toThrow(/SELF_SIGNED/);
  });

  it('does not follow a redirect from https to http, not even to this machine', async ({ skip }) => {
    if (certificate === undefined) return skip('openssl is not here');
    const trusting = options({ ca: certificate.cert });
    await expect(httpGet(`${address}/away`, {}, trusting)).rejects.toThrow(/redirects to http:\/\//);
  });

  it('goes through the proxy of the environment, which sees only ciphertext', async ({ skip }) => {
    if (certificate === undefined) return skip('openssl is not here');
    const seen: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket, head) => {
      seen.push(`${request.url} ${request.headers['proxy-authorization']}`);
      if (request.headers['proxy-authorization'] === undefined) {
        return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      }
      const upstream = connect(Number(new URL(`http://${request.url}`).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.write(head);
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      return socket.on('error', () => upstream.destroy());
    });
    const port = await listen(proxy);
    const through = (credentials: string) =>
      httpGet(
        `${address}/file`,
        { range: 'bytes=1-' },
        {
          ...options({ ca: certificate?.cert ?? '' }),
          env: { HTTPS_PROXY: `http://${credentials}127.0.0.1:${port}` },
        },
      );
    expect(await body(await through('user:p%40ss@'))).toBe('served bytes=1-');
    const authority = address.replace('https://', '');
    expect(seen).toEqual([`${authority} Basic ${Buffer.from('user:p@ss').toString('base64')}`]);
    await expect(through('')).rejects.toThrow(/the proxy refused it \(HTTP 407\)/);
    await expect(
      httpGet(`${address}/file`, {}, options({ env: { HTTPS_PROXY: 'http://127.0.0.1:1' } })),
    ).rejects.toThrow(/the proxy: the connection was refused/);
  });
});
