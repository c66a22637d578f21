import { Metadata, status } from '@grpc/grpc-js';
import { AppError, ERROR_REASONS } from '@repoformer/domain';
import { describe, expect, it } from 'vitest';
import { ErrorReason } from '../gen/repoformer/v1/error_pb.js';
import { toStatusError } from './error-status.js';
import { fromStatusError } from './from-status-error.js';
import { kindOfStatusCode, STATUS_OF_KIND } from './status-of-kind.js';

describe('error reasons', () => {
  it('are the same in the domain and in the proto', () => {
    const inProto = Object.keys(ErrorReason).filter(
      (name) => Number.isNaN(Number(name)) && name !== 'UNSPECIFIED',
    );
    expect(inProto.sort()).toEqual([...ERROR_REASONS].sort());
  });
});

describe('statuses', () => {
  it('are distinct for distinct kinds, and lead back to them', () => {
    const codes = Object.values(STATUS_OF_KIND);
    expect(new Set(codes).size).toBe(codes.length);
    for (const [kind, code] of Object.entries(STATUS_OF_KIND)) expect(kindOfStatusCode(code)).toBe(kind);
  });

  it('of no kind count as internal', () => {
    for (const code of [status.OK, status.UNKNOWN, 99, -1]) expect(kindOfStatusCode(code)).toBe('internal');
  });
});

describe('toStatusError', () => {
  it('carries kind, reason, message and facts to the other side', () => {
    const sent = new AppError({
      kind: 'failed_precondition',
      reason: 'REPOSITORY_FORMAT_UNSUPPORTED',
      message: 'The repository uses SHA-256 objects.',
      meta: { extension: 'objectformat' },
      cause: new Error('secret'),
    });
    const { error, defectId } = toStatusError(sent);
    expect(defectId).toBeUndefined();
    const got = fromStatusError(error);
    expect(got).toMatchObject({
      kind: sent.kind,
      reason: sent.reason,
      message: sent.message,
      meta: sent.meta,
    });
    expect(JSON.stringify(error.metadata.toJSON())).not.toContain('secret');
  });

  it('hides foreign errors, whatever code and message they carry', () => {
    const foreign = Object.assign(new Error('ENOENT: /home/someone/private.key'), {
      code: 1,
      details: '/home/someone',
      metadata: new Metadata(),
    });
    const { error, defectId } = toStatusError(foreign);
    expect(error.code).toBe(status.INTERNAL);
    expect(error.details).not.toContain('/home');
    expect(error.details).toContain(defectId);
    expect(fromStatusError(error)).toMatchObject({
      kind: 'internal',
      reason: 'INTERNAL',
      meta: { id: defectId },
    });
  });

  it.each([[undefined], [null], ['text'], [{ code: 5 }]])('takes %j as a defect', (thrown) => {
    expect(toStatusError(thrown).error.code).toBe(status.INTERNAL);
  });

  it('bounds texts and replaces lone surrogates, which cannot be encoded', () => {
    const { error } = toStatusError(
      new AppError({
        kind: 'not_found',
        reason: 'MODEL_NOT_FOUND',
        message: `\uD800${'x'.repeat(5000)}`,
        meta: { long: 'y'.repeat(5000) },
      }),
    );
    expect(() => encodeURI(error.details)).not.toThrow();
    expect(error.details.length).toBeLessThanOrEqual(1024);
    expect(fromStatusError(error).meta['long']?.length).toBeLessThanOrEqual(1024);
  });
});

describe('fromStatusError', () => {
  const bare = (code: number, details = 'raw'): unknown =>
    Object.assign(new Error(details), { code, details, metadata: new Metadata() });

  it.each([
    [status.UNAVAILABLE, 'unavailable', 'DAEMON_UNREACHABLE'],
    [status.CANCELLED, 'cancelled', 'CANCELLED'],
    [status.DEADLINE_EXCEEDED, 'deadline_exceeded', 'DEADLINE_EXCEEDED'],
    [status.RESOURCE_EXHAUSTED, 'resource_exhausted', 'INVALID_REQUEST'],
    [status.UNAUTHENTICATED, 'unauthenticated', 'UNAUTHENTICATED'],
    [status.UNKNOWN, 'internal', 'INTERNAL'],
  ])('gives status %i, made by grpc itself, a kind and a reason', (code, kind, reason) => {
    expect(fromStatusError(bare(code))).toMatchObject({ kind, reason });
  });

  it('takes a stream that the other side dropped as a daemon that is gone', () => {
    const reset = bare(status.INTERNAL, 'Received RST_STREAM with code 2 (Internal server error)');
    expect(fromStatusError(reset)).toMatchObject({ kind: 'unavailable', reason: 'DAEMON_UNREACHABLE' });
    expect(fromStatusError(bare(status.INTERNAL))).toMatchObject({ kind: 'internal', reason: 'INTERNAL' });
  });

  it('takes a reason that it does not know as INTERNAL, keeping kind and message', () => {
    const { error } = toStatusError(
      new AppError({ kind: 'not_found', reason: 'FROM_THE_FUTURE' as 'INTERNAL', message: 'new' }),
    );
    expect(fromStatusError(error)).toMatchObject({ kind: 'not_found', reason: 'INTERNAL', message: 'new' });
  });

  it('survives damaged details', () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0x01, 0x02]));
    const error = Object.assign(new Error('x'), { code: status.NOT_FOUND, details: 'gone', metadata });
    expect(fromStatusError(error)).toMatchObject({ kind: 'not_found', reason: 'INTERNAL', message: 'gone' });
  });
});
