/**
 * Makes `console.assert` throw, as it does not by itself: loaded before the examples
 * in the documentation, which have no other way to be wrong.
 *
 * @module
 */

console.assert = (condition, ...data) => {
  if (!condition) throw new Error(`Assertion failed: ${data.join(" ")}`);
};
