import { assert, assertEquals } from "@std/assert";
import { checkedOps } from "../../lib/backend/checked_ops.ts";
import { OP_NAMES, placeOf } from "../../lib/backend/compiled_op.ts";
import {
  ACTIVATIONS,
  SIGNATURES,
  UPDATE_RULES,
} from "../../lib/backend/ops.ts";
import opsSource from "../../lib/backend/ops.ts" with { type: "text" };
import { Owner } from "../../lib/backend/owner.ts";
import { StoredTensor } from "../../lib/backend/stored_tensor.ts";
import type {
  OpSignature,
  ScalarSignature,
  TensorSignature,
} from "../../lib/backend/signature.ts";
import { canRead, needs } from "../access.ts";
import { cases } from "./cases.ts";

const SIGNATURE_OF: Readonly<Record<string, OpSignature>> = SIGNATURES;

/** What the doc comments of an interface say, by its fields. */
function docsOf(source: string, name: string): Map<string, string> {
  const start = source.indexOf(`export interface ${name} {`);
  assert(start >= 0, `there is an interface ${name}`);
  const body = source.slice(start, source.indexOf("\n}", start));
  return new Map(
    [...body.matchAll(/\/\*\*([^]*?)\*\/\s*readonly (\w+)\??:/g)]
      .map(([, text, field]) => [field, text.replaceAll(/\s*\n \* /g, " ")]),
  );
}

/** `(T, B, 3H)` for "T B 3H", as a doc comment begins. */
function shapeInWords(shape: string): string {
  return "`(" + shape.replace("...", "…").split(" ").join(", ") + ")`";
}

/** What a doc comment says wrongly of a tensor, if it does. */
function faultOfTensor(
  doc: string,
  { shape, dtype }: TensorSignature,
): string | undefined {
  if (shape === "*") {
    if (/^\s*(?:Any shape|Same number of elements)/.test(doc)) return undefined;
    return "expected any shape or the same number of elements";
  }
  if (!doc.trim().startsWith(shapeInWords(shape))) {
    return `expected ${shapeInWords(shape)}`;
  }
  return doc.includes("u32") === (dtype === "u32")
    ? undefined
    : `expected ${dtype}`;
}

/** What a doc comment says wrongly of a scalar, if it does. */
function faultOfScalar(
  doc: string,
  { default: standard }: ScalarSignature,
): string | undefined {
  const stated = doc.match(/Default (`?"?[\w.]+"?`?)\.\s*$/)?.[1];
  const expected = standard === undefined
    ? undefined
    : typeof standard === "string"
    ? `\`"${standard}"\``
    : String(standard);
  return stated === expected
    ? undefined
    : `states the default ${stated}, expected ${expected}`;
}

/** Where the docs of an op's arguments and its signature differ. */
function faultsOf(source: string, op: string): string[] {
  const docs = docsOf(source, op[0].toUpperCase() + op.slice(1));
  const { tensors, scalars } = SIGNATURE_OF[op];
  const faults = [
    ...Object.entries(tensors).map(([name, tensor]) =>
      [name, faultOfTensor(docs.get(name) ?? "", tensor)] as const
    ),
    ...Object.entries(scalars).map(([name, scalar]) =>
      [name, faultOfScalar(docs.get(name) ?? "", scalar)] as const
    ),
  ];
  return faults.flatMap(([name, fault]) =>
    fault ? [`${op}: ${name}: ${fault}`] : []
  );
}

Deno.test("an op's doc comments and its signature state the same", () => {
  const faults = OP_NAMES.flatMap((op) => faultsOf(opsSource, op));
  assertEquals(faults, []);
});

Deno.test("a doc comment that states something else is found", () => {
  const changes: [string, string, string, string][] = [
    [
      "gru",
      "/** `(T, B, 3H)`, the input's contribution",
      "/** `(T, B, 4H)`, the input's contribution",
      "gru: input: expected `(T, B, 3H)`",
    ],
    [
      "sample",
      "/** `(B)` u32. */",
      "/** `(B)`. */",
      "sample: tokens: expected u32",
    ],
    [
      "finish",
      "Added to the divisor, so that it is not 0. Default 0.",
      "Added to the divisor, so that it is not 0. Default 1.",
      "finish: epsilon: states the default 1, expected 0",
    ],
    [
      "finish",
      "Added to the divisor, so that it is not 0. Default 0.",
      "Added to the divisor, so that it is not 0.",
      "finish: epsilon: states the default undefined, expected 0",
    ],
  ];
  for (const [op, text, instead, fault] of changes) {
    const start = opsSource.indexOf(`export interface ${op[0].toUpperCase()}`);
    const place = opsSource.indexOf(text, start);
    assert(place >= 0, text);
    const changed = opsSource.slice(0, place) + instead +
      opsSource.slice(place + text.length);
    assertEquals(faultsOf(changed, op), [fault]);
  }
});

Deno.test("the contract has cases of every op", () => {
  const tested = new Set(cases().map(({ name }) => name.split(/[,: ]/)[0]));
  assertEquals(OP_NAMES.filter((op) => !tested.has(op)), []);
});

Deno.test("kernels take sizes that an op's tensors tell", () => {
  for (const op of OP_NAMES) {
    const { tensors, sizes }: OpSignature = SIGNATURES[op];
    const parts = Object.values(tensors)
      .filter(({ isOptional }) => !isOptional || op === "weightGradients")
      .flatMap(({ shape }) => shape.split(" "));
    for (const size of sizes) {
      const isTold = size === "size"
        ? parts.includes("*")
        : size === "rows"
        ? parts.includes("...") || parts.includes("T")
        : parts.includes(size);
      assert(isTold, `${op}: ${size}`);
    }
    for (const { below } of Object.values(tensors)) {
      assert(below === undefined || parts.includes(below), `${op}: ${below}`);
    }
  }
});

Deno.test("a size that no tensor of a call tells is 0", () => {
  const owner = new Owner(), dtype = "f32";
  const tensor = (...shape: number[]) =>
    new StoredTensor({ owner, isFreed: false }, shape, dtype);
  let found: readonly number[] = [];
  const ops = checkedOps(owner, () => ({ extents }) => void (found = extents));
  ops.weightGradients({ dInput: tensor(2, 3, 4), dBias: tensor(4) });
  const sizes = (["T", "B", "I", "H", "O", "V"] as const).map(placeOf);
  assertEquals(sizes.map((place) => found[place]), [2, 3, 0, 0, 4, 0]);
});

const KERNELS = new URL("../../kernels/wasm/", import.meta.url);
const needsToRead = needs("permission to read", canRead(KERNELS));

const read = (name: string) =>
  Deno.readTextFileSync(new URL(`${name}.ts`, KERNELS));

/** The kernel files by the functions that the module exports from them. */
function exportedFrom(index: string): Map<string, string> {
  return new Map(
    [...index.matchAll(/export \{([^}]*)\} from "\.\/(\w+)"/g)].flatMap(
      ([, names, file]) =>
        names.split(",").map((name) => [name.trim(), file] as const),
    ),
  );
}

/** The names of a function's parameters, in order, less the underscore of an unused one. */
function parametersOf(source: string, name: string): string[] {
  const list = source.replaceAll(/\/\/.*$/gm, "")
    .match(new RegExp(`export function ${name}\\(([^]*?)\\): `));
  assert(list, `${name} is a function`);
  return [...list[1].matchAll(/\b_?(\w+): \w+/g)].map(([, one]) => one);
}

/** The names that a kernel's parameters should have. */
function expectedParameters(
  { tensors, sizes, scalars }: OpSignature,
  hasScratch: boolean,
): string[] {
  return [
    ...Object.keys(tensors),
    ...sizes,
    ...Object.entries(scalars).flatMap(([name, one]) =>
      one.kind !== "words" ? [name] : wordNames(name, one.count)
    ),
    ...hasScratch ? ["scratch"] : [],
  ];
}

/** k0, k1 of the key; c1 to c3 of the counter, whose first word the kernel counts. */
function wordNames(name: string, count: number): string[] {
  const first = name === "counter" ? 1 : 0;
  return Array.from({ length: count }, (_, i) => `${name[0]}${first + i}`);
}

Deno.test({
  ...needsToRead("a WASM kernel's parameters are those of the op's signature"),
  fn: () => {
    const files = exportedFrom(read("index"));
    for (const op of OP_NAMES) {
      const file = files.get(op);
      assert(file, `index.ts exports ${op}`);
      const scratch = files.get(`${op}Scratch`);
      const signature: OpSignature = SIGNATURES[op];
      assertEquals(
        parametersOf(read(file), op),
        expectedParameters(signature, scratch !== undefined),
        `${op} of ${file}.ts`,
      );
      if (scratch) {
        assertEquals(
          parametersOf(read(scratch), `${op}Scratch`),
          [...signature.sizes],
          `${op}Scratch of ${scratch}.ts`,
        );
      }
    }
  },
});

Deno.test({
  ...needsToRead(
    "WASM kernels number activations and optimizers as the op does",
  ),
  fn: () => {
    const [, activations] = read("rnn").match(/enum Activation \{([^}]*)\}/)!;
    assertEquals(
      activations.toLowerCase().match(/\w+/g),
      [...ACTIVATIONS],
    );
    const [, optimizers] = read("optimizers").match(/^> = \[([^\]]*)\];/m)!;
    assertEquals(optimizers.match(/\w+/g), Object.keys(UPDATE_RULES));
  },
});
