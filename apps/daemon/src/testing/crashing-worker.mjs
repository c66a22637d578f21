/** Serves an index whose every method but `get` ends the thread, and that cannot be opened when told so. */
import { parentPort, workerData } from 'node:worker_threads';

const { port, directory } = workerData;
if (directory === 'unusable') {
  const error = { kind: 'unavailable', reason: 'STORE_UNAVAILABLE', message: 'disk full', meta: {} };
  parentPort.postMessage({ kind: 'failed', error });
  port.close();
} else {
  port.on('message', ({ call, method }) => {
    if (method === 'get') port.postMessage({ call, value: { root: directory } });
    else throw new RangeError(`no ${method} here`);
  });
  parentPort.on('message', () => {
    parentPort.postMessage({ kind: 'stopped' });
    parentPort.close();
    port.close();
  });
  parentPort.postMessage({ kind: 'notice', notice: { level: 'info', message: 'begun' } });
  parentPort.postMessage({ kind: 'ready' });
}
