/**
 * An op's scratch memory: areas, one behind the other. Each op that needs some has one
 * function that lays its areas out from an address on: called with the address 0 it says
 * how many bytes the host must give, called with the address of these bytes it says where
 * each area lies.
 */

import { argument, Region, setArgument } from "./control";

// In 64 bits: what does not fit an address is to be refused, and not to wrap.
let end: u64 = 0;

/** Begins to lay areas out from `address` on. */
export function beginScratch(address: usize): void {
  end = <u64> address;
}

/** Gives an area the next `bytes`. */
export function reserve(area: i32, bytes: u64): void {
  setArgument(Region.Scratch + area, <usize> end);
  end += bytes;
}

/** End of the areas; from the address 0 on, the number of their bytes. */
export function scratchEnd(): f64 {
  return <f64> end;
}

/** Address of an area. */
export function areaOf(area: i32): usize {
  return argument(Region.Scratch + area);
}
