/** Whether token ids are ids of a vocabulary. */

/** The first id that is not below V, or -1. */
export function firstAbove(ids: usize, count: usize, V: usize): f64 {
  const end = ids + (count << 2);
  for (; ids < end; ids += 4) {
    const id = load<u32>(ids);
    if (id >= <u32> V) return <f64> id;
  }
  return -1;
}
