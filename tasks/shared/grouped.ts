/** A whole number with thousands separated: `170,580`. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
