const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
let halves: Float32Array | undefined;

/** What every half-precision number (IEEE 754 binary16) stands for. */
export function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => {
    const sign = (half & 0x8000) === 0 ? 1 : -1;
    const exponent = (half >> 10) & 31;
    const mantissa = half & 1023;
    if (exponent === 0) return sign * mantissa * 2 ** -24;
    if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
    return sign * (1024 + mantissa) * 2 ** (exponent - 25);
  });
  return halves;
}

/** The nearest half-precision number, the even one of two; what is too large is infinite. */
export function toHalf(value: number): number {
  float[0] = value;
  const whole = bits[0]!;
  const sign = (whole >>> 16) & 0x8000;
  const exponent = ((whole >>> 23) & 255) - 112;
  const mantissa = whole & 0x7fffff;
  if (exponent === 143 && mantissa !== 0) return sign | 0x7e00;
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent < -10) return sign;
  const shift = exponent <= 0 ? 14 - exponent : 13;
  const from = exponent <= 0 ? mantissa | 0x800000 : (exponent << 23) | mantissa;
  const kept = from >>> shift;
  const rest = from & (2 ** shift - 1);
  const half = 2 ** (shift - 1);
  // Rounding up may carry into the exponent, which is right.
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
}

/** The nearest number of the upper 16 bits of single precision, the even one of two. */
export function toBrain(value: number): number {
  float[0] = value;
  const whole = bits[0]!;
  if (Number.isNaN(value)) return (whole >>> 16) | 64;
  return ((whole + 0x7fff + ((whole >>> 16) & 1)) >>> 16) & 0xffff;
}
