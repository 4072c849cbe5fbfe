import { assertThrows } from "@std/assert";
import { decodeSafetensors } from "../lib/safetensors.ts";
import { entry, file } from "./safetensors_file.ts";

/** Every malformed file, and what its message says. */
const MALFORMED: Record<string, [bytes: Uint8Array, message: string]> = {
  "an empty file": [new Uint8Array(), "0 bytes are too few"],
  "a file of 7 bytes": [new Uint8Array(7), "7 bytes are too few"],
  "a length and no more": [file("", 0, 8n), "ends within its header"],
  "an empty header": [file(""), "not valid JSON"],
  "a header above 100 MB": [
    Uint8Array.of(0x3c, 0, 0, 0, 0, 0xff, 0xff, 0xff),
    "is too long",
  ],
  "a header of 100,000,001 bytes": [file("{}", 0, 100_000_001n), "is too long"],
  "a header beyond the end": [file("{}", 0, 3n), "ends within its header"],
  "a header that is not UTF-8": [file(Uint8Array.of(0xff)), "not valid JSON"],
  "a header that is not JSON": [file("{"), "not valid JSON"],
  "a header that is a list": [file("[]"), "the header is not an object"],
  "a byte-order mark": [file("\ufeff{}"), "not valid JSON"],
  "deep nesting": [file("[".repeat(1000)), "no more than 4 levels"],
  "a tensor named twice": [
    file(`{${entry("x", "[1]", "[0,4]")},${entry("x", "[1]", "[0,4]")}}`, 4),
    "a key that has not occurred yet",
  ],
  "metadata twice": [
    file('{"__metadata__":{},"__metadata__":{}}'),
    "a key that has not occurred yet",
  ],
  "a field twice": [
    file('{"x":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}'),
    "a key that has not occurred yet",
  ],
  "half a surrogate pair in a name": [
    file(`{${entry("\\ud800", "[1]", "[0,4]")}}`, 4),
    "a well-formed string",
  ],
  "metadata that is no object": [file('{"__metadata__":[]}'), "not an object"],
  "metadata that is no string": [
    file('{"__metadata__":{"a":1}}'),
    "metadata a is not a string",
  ],
  "a tensor that is no object": [file('{"x":[]}'), "x is not an object"],
  "a field that is missing": [
    file('{"x":{"dtype":"F32","shape":[1]}}'),
    "exactly three fields",
  ],
  "a field too many": [
    file('{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4],"a":1}}', 4),
    "exactly three fields",
  ],
  "a field of another name": [
    file('{"x":{"dtype":"F32","shape":[],"offsets":[0,4]}}', 4),
    "the offsets of x is not a list",
  ],
  "an unknown dtype": [
    file(`{${entry("x", "[2]", "[0,4]", "BF16")}}`, 4),
    "the dtype BF16, expected F64, F32, U32, U16, U8",
  ],
  "a dtype of Object.prototype": [
    file(`{${entry("x", "[1]", "[0,4]", "toString")}}`, 4),
    "the dtype toString",
  ],
  "a shape that is a number": [
    file(`{${entry("x", "1", "[0,4]")}}`, 4),
    "the shape of x is not a list",
  ],
  "a shape of words": [
    file(`{${entry("x", '["1"]', "[0,4]")}}`, 4),
    "the shape of x is not a list",
  ],
  "nine dimensions": [
    file(`{${entry("x", "[1,1,1,1,1,1,1,1,1]", "[0,4]")}}`, 4),
    "more than 8 dimensions",
  ],
  "one offset": [file(`{${entry("x", "[1]", "[4]")}}`, 4), "two offsets"],
  "three offsets": [
    file(`{${entry("x", "[1]", "[0,4,4]")}}`, 4),
    "two offsets",
  ],
  "offsets reversed": [file(`{${entry("x", "[1]", "[4,0]")}}`, 4), "-4 bytes"],
  "offsets below zero": [
    file(`{${entry("x", "[1]", "[-4,0]")}}`, 4),
    "not valid JSON",
  ],
  "offsets as fractions": [
    file(`{${entry("x", "[1]", "[0,4.0]")}}`, 4),
    "not valid JSON",
  ],
  "offsets with exponents": [
    file(`{${entry("x", "[250]", "[0,1e3]")}}`, 1000),
    "not valid JSON",
  ],
  "an offset of minus zero": [
    file(`{${entry("x", "[1]", "[-0,4]")}}`, 4),
    "not valid JSON",
  ],
  "an offset above 2^53": [
    file(`{${entry("x", "[1]", "[0,9007199254740993]")}}`, 4),
    "below 2^53",
  ],
  "offsets that do not fit the shape": [
    file(`{${entry("x", "[2]", "[0,4]")}}`, 4),
    "4 bytes for the shape (2) of F32",
  ],
  "half an element": [
    file(`{${entry("x", "[2]", "[0,3]", "U16")}}`, 3),
    "3 bytes for the shape (2) of U16",
  ],
  "a shape whose product overflows": [
    file(`{${entry("x", "[2,18446744073709551614]", "[0,4]")}}`, 4),
    "below 2^53",
  ],
  "a product that overflows 2^64 to 4": [
    file(`{${entry("x", "[4294967296,4294967296]", "[0,0]")}}`),
    "0 bytes for the shape",
  ],
  "a product beyond the greatest number": [
    file(
      `{${
        entry("x", `[${Array(7).fill(Number.MAX_SAFE_INTEGER)},0]`, "[0,4]")
      }}`,
      4,
    ),
    "4 bytes for the shape",
  ],
  "a tensor behind the end": [
    file(`{${entry("x", "[2]", "[0,8]")}}`, 6),
    "extends beyond the end of the file",
  ],
  "a tensor far behind the end": [
    file(`{${entry("x", "[1000000000000]", "[0,4000000000000]")}}`, 8),
    "extends beyond the end of the file",
  ],
  "a gap in front": [file(`{${entry("x", "[1]", "[4,8]")}}`, 8), "leave a gap"],
  "a gap between": [
    file(`{${entry("x", "[1]", "[0,4]")},${entry("y", "[1]", "[8,12]")}}`, 12),
    "leave a gap",
  ],
  "tensors that overlap": [
    file(`{${entry("x", "[2]", "[0,8]")},${entry("y", "[2]", "[4,12]")}}`, 12),
    "overlap",
  ],
  "ten tensors on the same bytes": [
    file(`{${Array.from("abcdefghij", (n) => entry(n, "[1]", "[0,4]"))}}`, 4),
    "overlap",
  ],
  "bytes behind the last tensor": [
    file(`{${entry("x", "[1]", "[0,4]")}}`, 6),
    "2 bytes follow the last tensor",
  ],
  "bytes and no tensor": [file("{}", 1), "1 bytes follow"],
  "a text": [
    new TextEncoder().encode("Времени нет. No such file."),
    "it looks like a text",
  ],
  "a zipped file": [
    Uint8Array.from("PK\x03\x04\0\0\0\0\0\0data.pkl", (c) => c.charCodeAt(0)),
    // Read as a length, its first 8 bytes are 67,324,752.
    "it is a file written by torch.save",
  ],
};

for (const [name, [bytes, message]] of Object.entries(MALFORMED)) {
  Deno.test(`decodeSafetensors refuses ${name}`, () => {
    assertThrows(() => decodeSafetensors(bytes), SyntaxError, message);
  });
}

Deno.test("many names for the same bytes are refused before they are copied", () => {
  // Copied, these 20,000 × 1 MB would not fit into any memory.
  const names = Array.from(
    { length: 20_000 },
    (_, i) => entry(`t${i}`, "[262144]", "[0,1048576]"),
  );
  const bytes = file(`{${names}}`, 2 ** 20);
  assertThrows(() => decodeSafetensors(bytes), SyntaxError, "overlap");
});
