/** The library as one file begins here. */

import "./older_engines.ts";
export * from "../../mod.ts";
