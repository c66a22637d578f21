import { connect } from 'node:net';

/** What a connection attempt to a Unix socket's path found. */
export type SocketState = 'answers' | 'refused' | 'absent' | 'unknown';

/** Longest wait for an answer: a socket on this machine accepts at once, even while its owner is busy. */
const PROBE_TIMEOUT_MS = 1_000;

/** Whether a process listens behind a Unix socket. */
export function probeSocket(path: string): Promise<SocketState> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (state: SocketState): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(state);
    };
    const timer = setTimeout(() => finish('unknown'), PROBE_TIMEOUT_MS);
    socket.once('connect', () => finish('answers'));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') finish('refused');
      else finish(error.code === 'ENOENT' ? 'absent' : 'unknown');
    });
  });
}
