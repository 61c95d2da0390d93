/** Between a number and its unit, so that they stay on one line. */
const space = '\u00a0';
const minus = '\u2212';

/** `98.71 %` for 0.9871. */
export function percent(share: number, decimals = 2): string {
  return `${(share * 100).toFixed(decimals)}${space}%`;
}

/** `9.80 – 31.40 %`, or one of the two where they are alike. */
export function percentRange(low: number, high: number): string {
  return percent(low) === percent(high) ? percent(low) : `${percent(low).replace(/\D+$/, '')} – ${percent(high)}`;
}

/** `+0.12` or `−0.19`: a difference between two shares in percentage points. */
export function points(difference: number): string {
  const text = (Math.abs(difference) * 100).toFixed(2);
  if (Number(text) === 0) return `±${text}`;
  return `${difference < 0 ? minus : '+'}${text}`;
}

/** `10,000`. */
export function integer(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Three or four significant digits: `0.0142`, `2.303`; a dash for what is not known or not finite. */
export function figure(value: number | null): string {
  if (value === null) return '–';
  const text =
    value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replace('-', minus);
}

/** `8.4 s`, `1 min 05 s`, `2 h 03 min`. */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)}${space}s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}${space}min ${two(whole % 60)}${space}s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)}${space}h ${two(minutes % 60)}${space}min`;
}

/** `412 MB`. */
export function megabytes(value: number): string {
  return `${integer(value)}${space}MB`;
}

/** `1 feature map`, `21 feature maps`. */
export function counted(value: number, noun: string): string {
  return `${integer(value)}${space}${noun}${value === 1 ? '' : 's'}`;
}

/** `2026-03-01 14:05 UTC` for `2026-03-01T14:05:09.123Z`. */
export function moment(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** An option's value as one would type it; long values are cut. */
export function setting(value: unknown, longest = 160): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '–');
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
