import type { Tensor } from "../backend.ts";
import type { Kernels } from "./kernels.ts";

/** What the ops need of their backend. */
export interface Device {
  readonly kernels: Kernels;
  /** Addresses of this backend's tensors; a TypeError for any other. */
  reals(tensor: Tensor): number;
  ids(tensor: Tensor): number;
  words(tensor: Tensor): number;
  /** Address of at least so many bytes that are free until the next op. */
  scratch(bytes: number): number;
  /** Called after every op: throws an Error if a thread has failed. */
  assertAlive(): void;
}
