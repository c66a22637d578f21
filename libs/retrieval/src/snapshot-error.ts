import { AppError } from '@repoformer/domain';

/** A saved index that cannot be taken up. */
export function corruptSnapshot(what: string): AppError {
  return new AppError({
    kind: 'data_loss',
    reason: 'STORE_UNAVAILABLE',
    message: `the saved index is damaged (${what}); it is built again`,
  });
}
