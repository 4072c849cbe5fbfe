/**
 * Calls that no backend may take: every op of the table, every argument, every kind of
 * misuse. All backends refuse them in the words of the reference.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../lib/backend/backend.ts";
import { OP_NAMES, type OpName } from "../../lib/backend/compiled_op.ts";
import { SIGNATURES } from "../../lib/backend/ops.ts";
import { openReference } from "../../lib/backend/reference/reference_backend.ts";
import { sizeOf } from "../../lib/backend/shapes.ts";
import type {
  NumberSignature,
  OpSignature,
  ScalarSignature,
} from "../../lib/backend/signature.ts";
import { DTYPES, type Tensor } from "../../lib/backend/tensor.ts";
import { letterOf, partsOf } from "./layer.ts";

/** An op's arguments by their names. */
type Arguments = Readonly<Record<string, unknown>>;

/** What letters stand for here: all different. */
const EXTENTS: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries([..."TBHIOVEP"].map((letter, i) => [letter, [2 + i]])),
  "...": [3, 2],
  "*": [5, 2],
};

function extentsOf(part: string): readonly number[] {
  const { letter, factor } = letterOf(part);
  return EXTENTS[letter].map((extent) => factor * extent);
}

function signatureOf(op: OpName): OpSignature {
  return SIGNATURES[op];
}

/** An op that takes whatever it is given. */
function opOf(backend: Backend, op: OpName): (given: Arguments) => void {
  return backend.ops[op] as unknown as (given: Arguments) => void;
}

/** A scalar that is allowed; the rule of an update is one that keeps both moments. */
function allowedValue(name: string, signature: ScalarSignature): unknown {
  switch (signature.kind) {
    case "number":
      return signature.from ?? (signature.above ?? 0) + 0.5;
    case "choice":
      return name === "rule" ? "adam" : signature.values[0];
    case "words":
      return new Array(signature.count).fill(1);
  }
}

/** Arguments that are right, of new tensors. */
function rightArguments(backend: Backend, op: OpName): Arguments {
  const { tensors, scalars } = signatureOf(op);
  return {
    ...Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, dtype }]) => [
        name,
        backend.allocate(
          partsOf(shape).flatMap(extentsOf),
          dtype === "any" ? "f32" : dtype,
        ),
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(scalars).map(([name, one]) => [
        name,
        allowedValue(name, one),
      ]),
    ),
  };
}

/** One wrong argument, in place of the right one. */
interface Wrong {
  readonly argument: string;
  readonly value: unknown;
}

/** Every argument that is wrong in one way, one at a time. */
type Spoil = (
  op: OpName,
  right: Arguments,
  backend: Backend,
) => Iterable<Wrong & { readonly also?: Arguments }>;

/** The op's tensors that are given, in order. */
function tensorsOf(op: OpName, right: Arguments): [string, Tensor][] {
  return Object.keys(signatureOf(op).tensors)
    .map((name) => [name, right[name] as Tensor]);
}

/** In how many places of an op's shapes each letter stands. */
function countsOf(op: OpName): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { shape } of Object.values(signatureOf(op).tensors)) {
    for (const part of partsOf(shape)) {
      const { letter } = letterOf(part);
      counts.set(letter, 1 + (counts.get(letter) ?? 0));
    }
  }
  return counts;
}

/** Numbers that a range does not have. */
function* numbersOutside(
  { isWhole, from, above, to, below }: NumberSignature,
): Generator<unknown> {
  yield "1";
  const isBounded = [from, above, to, below].some((end) => end !== undefined);
  if (isBounded) yield NaN;
  if (isWhole) yield 0.5;
  if (from !== undefined) yield from - 1;
  if (above !== undefined) yield above;
  if (to !== undefined) yield to + 1;
  if (below !== undefined) {
    yield typeof below === "number" ? below : EXTENTS[below][0];
  }
}

/** Every kind of misuse, and the calls that are of it. */
const KINDS = {
  *"a tensor that is missing"(op, right) {
    const entries = entriesOf(op);
    for (const [name, { isOptional, isNeeded }] of entries) {
      const isRequired = entries.some(([, { requires }]) =>
        requires?.length === 1 && requires[0] === name
      );
      if (isOptional && !isRequired && !isNeeded?.(right)) continue;
      yield { argument: name, value: undefined };
    }
  },

  *"a tensor of another backend"(op, right) {
    using other = openReference();
    for (const [argument, { shape, dtype }] of tensorsOf(op, right)) {
      yield { argument, value: other.allocate(shape, dtype) };
    }
  },

  *"a tensor that was freed"(op, right, backend) {
    for (const [argument, { shape, dtype }] of tensorsOf(op, right)) {
      const value = backend.allocate(shape, dtype);
      backend.free(value);
      yield { argument, value };
    }
  },

  *"a view of a tensor that was freed"(op, right, backend) {
    for (const [argument, { shape, dtype }] of tensorsOf(op, right)) {
      const whole = backend.allocate([2, ...shape], dtype);
      const value = whole.at(1);
      backend.free(whole);
      yield { argument, value };
    }
  },

  *"a tensor of another type"(op, right, backend) {
    for (const [argument, { shape, dtype }] of tensorsOf(op, right)) {
      const another = DTYPES.find((one) => one !== dtype);
      const value = backend.allocate(shape, another);
      yield { argument, value };
      backend.free(value);
    }
  },

  *"a tensor of too many dimensions"(op, right, backend) {
    for (const [name, { shape: letters }] of entriesOf(op)) {
      if (letters === "*") continue;
      const { shape, dtype } = right[name] as Tensor;
      const value = backend.allocate([1, ...shape], dtype);
      yield { argument: name, value };
      backend.free(value);
    }
  },

  *"a tensor with an extent that is not the others'"(op, right, backend) {
    const counts = countsOf(op);
    for (const [name, { shape: letters }] of entriesOf(op)) {
      const { shape, dtype } = right[name] as Tensor;
      for (const [i, part] of partsOf(letters).entries()) {
        if (counts.get(part) === 1) continue; // any extent is right
        const larger = shape.with(i, shape[i] + 1);
        const value = backend.allocate(larger, dtype);
        yield { argument: name, value };
        backend.free(value);
      }
    }
  },

  *"a result that overlaps another argument"(op, right, backend) {
    for (const [name, { use, over }] of entriesOf(op)) {
      if (use === "in") continue;
      const { shape, dtype } = right[name] as Tensor;
      for (const [other, tensor] of tensorsOf(op, right)) {
        if (other === name || tensor.dtype !== dtype) continue;
        const size = sizeOf(shape) + sizeOf(tensor.shape);
        const shared = backend.allocate([size], dtype);
        // By their first elements, or where these may be the same by others.
        const by = over === other ? 1 : 0;
        yield {
          argument: name,
          value: shared.view(by, shape),
          also: { [other]: shared.view(0, tensor.shape) },
        };
        backend.free(shared);
      }
    }
  },

  *"a scalar that is missing"(op) {
    const { scalars } = signatureOf(op);
    for (const [argument, one] of Object.entries(scalars)) {
      if (one.default === undefined) yield { argument, value: undefined };
    }
  },

  *"a scalar that is not allowed"(op) {
    const { scalars } = signatureOf(op);
    for (const [argument, one] of Object.entries(scalars)) {
      const values = one.kind === "number"
        ? numbersOutside(one)
        : one.kind === "choice"
        ? ["", "toString", 0]
        : [[1], new Array(one.count).fill(-1), new Array(one.count).fill(0.5)];
      for (const value of values) yield { argument, value };
    }
  },

  *"a token id that is not below its bound"(op, right, backend) {
    for (const [name, { below }] of entriesOf(op)) {
      if (below === undefined) continue;
      const { shape } = right[name] as Tensor;
      const value = backend.allocate(shape, "u32");
      const ids = new Array(sizeOf(shape)).fill(0);
      backend.write(value, ids.with(1, EXTENTS[below][0]));
      yield { argument: name, value };
      backend.free(value);
    }
  },
} as const satisfies Record<string, Spoil>;

function entriesOf(op: OpName) {
  return Object.entries(signatureOf(op).tensors);
}

/** A kind of misuse. */
export type Misuse = keyof typeof KINDS;

/** What a backend does not refuse, each with the reason. */
export type MisuseExceptions = Readonly<Partial<Record<Misuse, string>>>;

/** What calling `run` throws: its class and its words. */
function thrown(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
}

/** What a backend says to each call of a kind of misuse. */
function answers(
  backend: Backend,
  kind: Misuse,
): { call: string; error: string | undefined }[] {
  const spoil: Spoil = KINDS[kind];
  return OP_NAMES.flatMap((op) => {
    const call = opOf(backend, op);
    const right = rightArguments(backend, op);
    call(right);
    const all = [];
    for (const { argument, value, also } of spoil(op, right, backend)) {
      const given = { ...right, ...also, [argument]: value };
      const error = thrown(() => call(given));
      all.push({ call: `${op}, ${argument}`, error });
    }
    for (const [, tensor] of tensorsOf(op, right)) backend.free(tensor);
    return all;
  });
}

/**
 * Tests that a backend refuses what it should.
 *
 * @param test Declares a test on the backend.
 */
export function testMisuse(
  test: (what: string, run: (backend: Backend) => Promise<void>) => void,
  exceptions: MisuseExceptions,
): void {
  for (const kind of Object.keys(KINDS) as Misuse[]) {
    const exception = exceptions[kind];
    test(
      exception
        ? `${kind} is not refused: ${exception}`
        : `${kind} is refused by every op`,
      (backend) => {
        using reference = openReference();
        const expected = answers(reference, kind);
        assert(expected.length > 0);
        for (const { call, error } of expected) {
          const [op] = call.split(",");
          assert(
            error?.match(`^(Type|Range)Error: ${op}: .*, expected `),
            `${call}: ${error}`,
          );
        }
        assertEquals(
          answers(backend, kind),
          exception
            ? expected.map((one) => ({ ...one, error: undefined }))
            : expected,
        );
        return Promise.resolve();
      },
    );
  }

  test("a disposed backend refuses to work", (backend) => {
    const calls = OP_NAMES.map((op) => [op, rightArguments(backend, op)]);
    const tensor = backend.allocate([2]);
    backend[Symbol.dispose]();
    for (const [op, right] of calls as [OpName, Arguments][]) {
      const call = opOf(backend, op);
      assertEquals(thrown(() => call(right)), disposed(op));
    }
    assertEquals(thrown(() => backend.allocate([2])), disposed("allocate"));
    assertEquals(thrown(() => backend.free(tensor)), disposed("free"));
    assertEquals(thrown(() => backend.write(tensor, [1])), disposed("write"));
    assertEquals(thrown(() => backend.read(tensor)), disposed("read"));
    backend[Symbol.dispose]();
    return Promise.resolve();
  });

  test("free, write and read refuse what is not theirs", (backend) => {
    using other = openReference();
    const tensor = backend.allocate([4]), freed = backend.allocate([4]);
    const view = freed.at(1), foreign = other.allocate([4]);
    assertEquals(
      thrown(() => backend.free(view)),
      "TypeError: free: tensor is a view, f32 (), " +
        "expected a tensor that was allocated",
    );
    backend.free(freed);
    const calls = {
      free: (tensor: Tensor) => backend.free(tensor),
      write: (tensor: Tensor) => backend.write(tensor, [1, 2, 3, 4]),
      read: (tensor: Tensor) => void backend.read(tensor),
    };
    for (const [name, call] of Object.entries(calls)) {
      assertEquals(
        thrown(() => call(freed)),
        `TypeError: ${name}: tensor is a freed f32 (4), ` +
          `expected a tensor in use`,
      );
      assertEquals(
        thrown(() => call(view)),
        `TypeError: ${name}: tensor is a freed f32 (), ` +
          `expected a tensor in use`,
      );
      assertEquals(
        thrown(() => call(foreign)),
        `TypeError: ${name}: tensor is another backend's f32 (4), ` +
          `expected a tensor of this one`,
      );
    }
    backend.free(tensor);
    return Promise.resolve();
  });
}

function disposed(call: string): string {
  return `Error: ${call}: the backend has been disposed, expected an open one`;
}
