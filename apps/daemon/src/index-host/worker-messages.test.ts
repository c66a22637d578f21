import { AppError } from '@repoformer/domain';
import { describe, expect, it } from 'vitest';
import { fromPlainError, toNotice, toPlainError } from './worker-messages.js';

const refused = new AppError({
  kind: 'unavailable',
  reason: 'STORE_UNAVAILABLE',
  message: 'disk full',
  cause: new Error('ENOSPC'),
});

describe('what crosses threads', () => {
  it('tells in a notice what the error was', () => {
    const notice = toNotice({ level: 'warn', message: 'indexing failed', repository: 'r', error: refused });
    expect(structuredClone(notice)).toMatchObject({
      level: 'warn',
      message: 'indexing failed',
      repository: 'r',
      error: { reason: 'STORE_UNAVAILABLE', message: 'disk full', cause: { message: 'ENOSPC' } },
    });
    expect(toNotice({ level: 'info', message: 'indexed' })).toEqual({ level: 'info', message: 'indexed' });
  });

  it('makes an AppError of an AppError', () => {
    const back = fromPlainError(structuredClone(toPlainError(refused)));
    expect(back).toBeInstanceOf(AppError);
    expect(back).toMatchObject({ kind: 'unavailable', reason: 'STORE_UNAVAILABLE', message: 'disk full' });
  });
});
