const TABLE = Int32Array.from({ length: 256 }, (_, index) => {
  let remainder = index;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  }
  return remainder;
});

/** CRC-32 (IEEE 802.3) of the first `length` bytes, as a signed integer. */
export function crc32(bytes: Uint8Array, length: number): number {
  let remainder = -1;
  for (let i = 0; i < length; i++) remainder = TABLE[(remainder ^ bytes[i]!) & 255]! ^ (remainder >>> 8);
  return ~remainder;
}
