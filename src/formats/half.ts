/** The two 16-bit floating-point types in which models are stored to save space; here they become float32. */
export type HalfType = 'float16' | 'bfloat16';

/** Bits of a float32 mantissa. */
const MANTISSA = 23;
const [bits32, value32] = (() => {
  const bits = new Uint32Array(1);
  return [bits, new Float32Array(bits.buffer)];
})();

/** 16-bit patterns as float32; every value is exact. */
export function widen(type: HalfType, patterns: Uint16Array): Float32Array {
  const result = new Float32Array(patterns.length);
  const bits = new Uint32Array(result.buffer);
  if (type === 'bfloat16') for (let i = 0; i < patterns.length; i++) bits[i] = patterns[i] << 16;
  else for (let i = 0; i < patterns.length; i++) bits[i] = float16Bits(patterns[i]);
  return result;
}

/** Float32 as 16-bit patterns, each rounded to the nearest, ties to even; what is too large becomes infinite. */
export function narrow(type: HalfType, values: Float32Array): Uint16Array {
  const round = type === 'bfloat16' ? bfloat16Pattern : float16Pattern;
  return Uint16Array.from(values, (value) => {
    value32[0] = value;
    return round(bits32[0]);
  });
}

/** A float16 pattern (1 sign, 5 exponent, 10 mantissa bits) as the bits of the same float32. */
function float16Bits(pattern: number): number {
  const sign = (pattern & 0x8000) << 16;
  const exponent = (pattern >> 10) & 31;
  const mantissa = pattern & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (mantissa << (MANTISSA - 10));
  if (exponent > 0) return sign | ((exponent + 112) << MANTISSA) | (mantissa << (MANTISSA - 10));
  if (mantissa === 0) return sign;
  // Subnormal: mantissa * 2^-24, a normal number in float32.
  value32[0] = mantissa * 2 ** -24;
  return sign | bits32[0];
}

function float16Pattern(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  // Not a number keeps one mantissa bit, or it would become infinite.
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // Rebiased by 112, so that float16's largest exponent overflows into the pattern of infinity by itself.
  if (magnitude >= 0x38800000) return sign | Math.min(rounded(magnitude - (112 << MANTISSA), MANTISSA - 10), 0x7c00);
  bits32[0] = magnitude;
  const steps = value32[0] * 2 ** 24;
  const whole = Math.floor(steps);
  const rest = steps - whole;
  return sign | (whole + (rest > 0.5 || (rest === 0.5 && whole % 2 === 1) ? 1 : 0));
}

function bfloat16Pattern(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return rounded(bits, 16);
}

/** Drops the lowest bits, rounding to the nearest, ties to even. */
function rounded(bits: number, dropped: number): number {
  const odd = (bits >>> dropped) & 1;
  return ((bits + odd + 2 ** (dropped - 1) - 1) / 2 ** dropped) >>> 0;
}
