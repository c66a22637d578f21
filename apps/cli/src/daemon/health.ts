import { Client, credentials } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { abortError } from '@repoformer/domain';
import { CLIENT_OPTIONS, fromStatusError } from '@repoformer/protocol';

export type Serving = 'serving' | 'not_serving' | 'unknown';

/** `HealthCheckRequest { string service = 1 }`; names are ASCII and short. */
function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service);
  return name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
}

/** `HealthCheckResponse { ServingStatus status = 1 }`: 1 is SERVING, 2 NOT_SERVING. */
function decodeResponse(bytes: Buffer): Serving {
  if (bytes[0] !== 0x08) return 'unknown';
  return bytes[1] === 1 ? 'serving' : bytes[1] === 2 ? 'not_serving' : 'unknown';
}

/**
 * Asks the standard health service of a daemon.
 *
 * @param service Full name of a service; empty: the daemon as a whole.
 * @throws AppError unavailable/DAEMON_UNREACHABLE, deadline_exceeded, cancelled.
 */
export function checkHealth(
  address: string,
  service: string,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Serving> {
  const { signal, timeoutMs } = options;
  // A pool of its own: a shared one would make us wait out the pause after an earlier refusal.
  const client = new Client(address, credentials.createInsecure(), {
    ...CLIENT_OPTIONS,
    'grpc.use_local_subchannel_pool': 1,
  });
  return new Promise<Serving>((resolve, reject) => {
    const call = client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      encodeRequest,
      decodeResponse,
      service,
      { deadline: Date.now() + timeoutMs },
      (error: ServiceError | null, serving?: Serving) => {
        signal.removeEventListener('abort', cancel);
        client.close();
        if (error === null) resolve(serving ?? 'unknown');
        else reject(signal.aborted ? abortError(signal) : fromStatusError(error));
      },
    );
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
  });
}
