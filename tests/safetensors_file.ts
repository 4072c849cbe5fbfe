/**
 * Files of the safetensors format made by hand, malformed ones too.
 *
 * @module
 */

/** A file with this header, whatever it is, and this many bytes behind it. */
export function file(
  header: string | Uint8Array,
  payload = 0,
  length?: bigint,
) {
  const text = typeof header === "string"
    ? new TextEncoder().encode(header)
    : header;
  const bytes = new Uint8Array(8 + text.length + payload);
  new DataView(bytes.buffer).setBigUint64(
    0,
    length ?? BigInt(text.length),
    true,
  );
  bytes.set(text, 8);
  return bytes;
}

/** One tensor of a header. */
export const entry = (
  name: string,
  shape: string,
  offsets: string,
  dtype = "F32",
) =>
  `"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;
