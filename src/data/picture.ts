/** A picture of 8-bit values. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 red-green-blue. */
  readonly channels: number;
  /** Values 0..255 as planes [C, H, W], as data sets keep them. */
  readonly pixels: Uint8Array;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const BITS_PER_VALUE = 8;
/** PNG's colour types, by number of channels. */
const colourTypes: Readonly<Record<number, number>> = { 1: 0, 3: 2 };

/**
 * Writes a picture as a PNG file, without loss.
 * @throws Error when there are not 1 or 3 channels, or the pixels do not fit the size.
 */
export async function encodePng({ width, height, channels, pixels }: Picture): Promise<Uint8Array<ArrayBuffer>> {
  const colourType = colourTypes[channels];
  if (colourType === undefined) throw new Error(`a PNG picture cannot have ${channels} channels here, expected 1 or 3`);
  if (width < 1 || height < 1 || pixels.length !== width * height * channels) {
    throw new Error(`${pixels.length} values do not make a picture of ${channels} x ${height} x ${width}`);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = BITS_PER_VALUE;
  header[9] = colourType;
  const data = await deflate(interleave(pixels, width, height, channels));
  return concatenate([SIGNATURE, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', new Uint8Array(0))]);
}

/** Rows of interleaved values, each behind a zero byte, which says that the row is not filtered. */
function interleave(planes: Uint8Array, width: number, height: number, channels: number): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array(height * (1 + width * channels));
  let at = 0;
  for (let y = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) rows[at++] = planes[(channel * height + y) * width + x];
    }
  }
  return rows;
}

/** Compresses into the zlib format. */
async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const compressed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(compressed).arrayBuffer());
}

/** Length, type, data, and the checksum of type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
