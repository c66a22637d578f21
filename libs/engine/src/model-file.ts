import { open } from 'node:fs/promises';
import { AppError } from '@repoformer/domain';

const GGUF_MAGIC = 'GGUF';
const SMALLEST_GGUF_BYTES = 24;

/**
 * Looks at a GGUF file before any process is started for it.
 *
 * @param what "model" or "adapter", for messages.
 * @returns the file's size in bytes.
 * @throws AppError not_found/MODEL_NOT_FOUND; permission_denied/MODEL_NOT_FOUND;
 * failed_precondition/MODEL_INVALID when it is no GGUF file.
 */
export async function checkModelFile(path: string, what: 'model' | 'adapter'): Promise<number> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const denied = code === 'EACCES' || code === 'EPERM';
    throw new AppError({
      kind: denied ? 'permission_denied' : 'not_found',
      reason: 'MODEL_NOT_FOUND',
      message: denied ? `${what} file ${path} may not be read` : `${what} file ${path} does not exist`,
      cause,
    });
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw invalid(`${what} ${path} is no file`);
    const head = Buffer.alloc(GGUF_MAGIC.length);
    await file.read(head, 0, head.length, 0);
    if (head.toString('latin1') !== GGUF_MAGIC) throw invalid(`${what} ${path} is no GGUF file`);
    if (stat.size < SMALLEST_GGUF_BYTES)
      throw invalid(`${what} ${path} is cut off: it has ${stat.size} bytes`);
    return stat.size;
  } finally {
    await file.close();
  }
}

function invalid(message: string): AppError {
  return new AppError({ kind: 'failed_precondition', reason: 'MODEL_INVALID', message });
}
