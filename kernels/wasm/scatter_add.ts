/** Rows added up by token ids: the gradient of a table. */

/** `to[ids[r],:] += from[r,:]` over the rows in order; strides are bytes between rows. */
export function scatterAdd(
  ids: usize, // (rows) u32
  from: usize, // (rows, columns)
  fromStride: usize,
  to: usize, // (V, columns)
  toStride: usize,
  rows: usize,
  columns: usize,
): void {
  const end = ids + (rows << 2);
  for (; ids < end; ids += 4) {
    addRow(from, to + load<usize>(ids) * toStride, columns);
    from += fromStride;
  }
}

/** `to += from`. */
function addRow(from: usize, to: usize, count: usize): void {
  const end = to + (count << 2);
  for (; to + 16 <= end; to += 16, from += 16) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  }
  for (; to < end; to += 4, from += 4) {
    store<f32>(to, load<f32>(to) + load<f32>(from));
  }
}
