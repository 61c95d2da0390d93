/** The polynomial of IEEE 802.3, its bits reversed. */
const POLYNOMIAL = 0xedb88320;

/** `tables[k][b]`: what a byte b, followed by k zero bytes, does to the remainder; so four bytes go in at once. */
const tables = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(256), new Uint32Array(256)];
for (let byte = 0; byte < 256; byte++) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  tables[0][byte] = remainder;
}
for (let k = 1; k < 4; k++) {
  for (let byte = 0; byte < 256; byte++) {
    const shorter = tables[k - 1][byte];
    tables[k][byte] = (shorter >>> 8) ^ tables[0][shorter & 255];
  }
}

/** The CRC-32 that zip files store with each entry, as an unsigned number. */
export function crc32(bytes: Uint8Array): number {
  const [one, two, three, four] = tables;
  let crc = 0xffffffff;
  let i = 0;
  for (const whole = bytes.length & ~3; i < whole; i += 4) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    crc = four[crc & 255] ^ three[(crc >>> 8) & 255] ^ two[(crc >>> 16) & 255] ^ one[crc >>> 24];
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ one[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}
