import { describe, expect, it } from 'vitest';
import { decodeBlobs, encodeBlobs } from './blob-table.js';

const oid = (n: number) => n.toString(16).padStart(40, 'a');

describe('blob table', () => {
  it('gives back the blobs that are indexed', () => {
    const blobs = [
      { oid: oid(1), document: 0, lines: 0 },
      { oid: oid(2), document: 2 ** 40, lines: 2 ** 31 },
      { oid: oid(3), document: undefined, lines: 0 },
    ];
    expect(decodeBlobs(encodeBlobs(blobs))).toEqual(blobs.slice(0, 2));
    expect(decodeBlobs(encodeBlobs([]))).toEqual([]);
  });

  it('refuses what is no table', () => {
    expect(() => decodeBlobs(undefined)).toThrow(/damaged/);
    expect(() => decodeBlobs(new Uint8Array(33))).toThrow(/damaged/);
  });
});
