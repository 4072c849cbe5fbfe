// Computes
//   output[i] = 0 where word i mod 4 of the Philox4x32-10 block
//   [⌊i/4⌋, counter0, counter1, counter2] under the key is below the threshold, else
//   input[i] · scale. Words are those of lib/random.ts, to the bit.
//
// Bindings
//   input (size), not read where IN_PLACE, output (size). A buffer that is written
//   cannot be bound a second time: where both are one tensor, the pipeline has
//   IN_PLACE set and reads the output.
//
// Parallel
//   An invocation takes the four elements of one block at a time
//   (parts/each_element.wgsl).
//
// Workgroup
//   As parts/each_element.wgsl has it.
//
// Reference
//   lib/backend/reference/dropout.ts.

override IN_PLACE: bool = false;
override SHARE_X: u32 = 4 * SIZE; // elements: four are a block

struct Dims {
  size: u32,
  threshold: u32,
  scale: f32,
  key0: u32,
  key1: u32,
  counter0: u32,
  counter1: u32,
  counter2: u32,
  inputAt: u32,
  outputAt: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> output: array<f32>;

/// The high 32 bits of a 64-bit product, from products of 16-bit halves.
fn multiplyHigh(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  let middle = a1 * b0 + ((a0 * b0) >> 16u);
  let carry = (middle & 0xffffu) + a0 * b1;
  return a1 * b1 + (middle >> 16u) + (carry >> 16u);
}

fn philoxRound(c: vec4u, key: vec2u) -> vec4u {
  return vec4u(
    multiplyHigh(0xcd9e8d57u, c.z) ^ c.y ^ key.x,
    0xcd9e8d57u * c.z,
    multiplyHigh(0xd2511f53u, c.x) ^ c.w ^ key.y,
    0xd2511f53u * c.x,
  );
}

/// Four random words. Source: Salmon et al. 2011.
fn philox4x32(counter: vec4u, key: vec2u) -> vec4u {
  let weyl = vec2u(0x9e3779b9u, 0xbb67ae85u);
  var c = philoxRound(counter, key);
  c = philoxRound(c, key + weyl);
  c = philoxRound(c, key + 2u * weyl);
  c = philoxRound(c, key + 3u * weyl);
  c = philoxRound(c, key + 4u * weyl);
  c = philoxRound(c, key + 5u * weyl);
  c = philoxRound(c, key + 6u * weyl);
  c = philoxRound(c, key + 7u * weyl);
  c = philoxRound(c, key + 8u * weyl);
  return philoxRound(c, key + 9u * weyl);
}

fn drop(i: u32, word: u32) {
  if (i >= dims.size) {
    return;
  }
  var value = 0f;
  if (IN_PLACE) {
    value = output[dims.outputAt + i];
  } else {
    value = input[dims.inputAt + i];
  }
  output[dims.outputAt + i] = select(value * dims.scale, 0.0, word < dims.threshold);
}

fn size() -> u32 {
  return (dims.size + 3u) / 4u;
}

fn compute(i: u32) {
  let key = vec2u(dims.key0, dims.key1);
  let words = philox4x32(vec4u(i, dims.counter0, dims.counter1, dims.counter2), key);
  drop(4u * i, words.x);
  drop(4u * i + 1u, words.y);
  drop(4u * i + 2u, words.z);
  drop(4u * i + 3u, words.w);
}
