import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { ResponderBuilder, ServerInterceptingCall, ServerListenerBuilder } from '@grpc/grpc-js';
import type { ServerInterceptor } from '@grpc/grpc-js';
import { AppError } from '@repoformer/domain';
import { toStatusError } from '@repoformer/protocol';

const MIN_TOKEN_LENGTH = 16;

function invalid(path: string, problem: string, cause?: unknown): AppError {
  return new AppError({
    kind: 'failed_precondition',
    reason: 'CONFIG_INVALID',
    message: `The token file ${path} ${problem}`,
    cause,
  });
}

/**
 * The token in a file; a missing file is created with a random one, readable by this user only.
 *
 * @throws AppError failed_precondition/CONFIG_INVALID.
 */
export function readOrCreateToken(path: string): string {
  try {
    const token = randomBytes(32).toString('base64url');
    writeFileSync(path, `${token}\n`, { flag: 'wx', mode: 0o600 });
    return token;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw invalid(path, `cannot be written (${code}).`, error);
  }
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
      throw invalid(path, 'can be read by others; run chmod 600 on it.');
    }
    const token = readFileSync(path, 'utf8').trim();
    if (token.length < MIN_TOKEN_LENGTH) {
      throw invalid(path, `holds fewer than ${MIN_TOKEN_LENGTH} characters; delete it to get a new one.`);
    }
    return token;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw invalid(path, `cannot be read (${(error as NodeJS.ErrnoException).code}).`, error);
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Refuses each call, health and reflection included, that does not carry the token as a bearer. */
export function requireToken(token: string): ServerInterceptor {
  const expected = digest(`Bearer ${token}`);
  return (_method, call) => {
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        // Digests have one length, so comparing them tells nothing of the token's.
        if (timingSafeEqual(digest(String(metadata.get('authorization')[0] ?? '')), expected)) {
          next(metadata);
          return;
        }
        const { error } = toStatusError(
          new AppError({
            kind: 'unauthenticated',
            reason: 'UNAUTHENTICATED',
            message: 'This address asks for the access token: send it as "authorization: Bearer <token>".',
          }),
        );
        call.sendStatus({ code: error.code, details: error.details, metadata: error.metadata });
      })
      .build();
    return new ServerInterceptingCall(
      call,
      new ResponderBuilder().withStart((next) => next(listener)).build(),
    );
  };
}
