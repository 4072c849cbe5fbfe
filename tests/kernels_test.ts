import { assert, assertEquals } from "@std/assert";
import backendSource from "../lib/backend/backend.ts" with { type: "text" };
import { parseInterface } from "../lib/backend/webgpu/kernel_interface.ts";
import { KERNELS } from "../lib/backend/webgpu/kernels.ts";

/** Kernels that are a part of an op which their name does not begin with. */
const PART_OF: Readonly<Record<string, string>> = {
  sum_slices: "LinearBackward",
  transpose: "RnnBackward",
};

/** Bindings that are no argument of an op: what one kernel hands to the next. */
const SCRATCH = [
  "carried",
  "dSums",
  "links",
  "losses",
  "partials",
  "transposed",
];

/** Keys of the interfaces in backend.ts that hold an op's arguments, by name. */
const ARGUMENTS = new Map(
  [...backendSource.matchAll(
    /Arguments of `ops\.\w+`[^]*?\*\/\nexport interface (\w+) \{\n([^}]*)^\}/gm,
  )].map(([, name, body]) => [
    name,
    [...body.matchAll(/readonly (\w+)\??: Tensor/g)].map(([, key]) => key),
  ]),
);

/** The op whose name the kernel's begins with: linear_backward_bias, LinearBackward. */
function argumentsOf(kernel: string): string[] {
  const camel = kernel.replace(/(^|_)(\w)/g, (_, __, c) => c.toUpperCase());
  const op = PART_OF[kernel] ??
    [...ARGUMENTS.keys()].filter((name) => camel.startsWith(name))
      .reduce((a, b) => a.length > b.length ? a : b, "");
  return ARGUMENTS.get(op) ?? [];
}

for (const [name, source] of Object.entries(KERNELS)) {
  Deno.test(`kernels/${name}.wgsl says what it does`, () => {
    const header = source.slice(0, source.search(/^[^/\n]/m));
    const headings = [...header.matchAll(/^\/\/ (\S+)$/gm)].map(([, x]) => x);
    const parts = [
      "Computes",
      "Bindings",
      "Parallel",
      "Workgroup",
      "Reference",
    ];
    assertEquals(headings, parts);
    const named = header.match(/lib\/\S+\.ts/)?.[0];
    assert(named, "the Reference paragraph names a file");
  });

  Deno.test(`kernels/${name}.wgsl binds the op's arguments by name`, () => {
    const { bindings, fields } = parseInterface(source);
    const declared = [
      ...source.matchAll(/@binding\((\d+)\) var<[^>]*> (\w+)/g),
    ];
    assertEquals(
      declared.map(([, index]) => index).join(),
      [
        ...declared.keys(),
      ].join(),
    );
    assertEquals(declared[0][2], "dims");
    assertEquals(
      bindings.map((binding) => binding.name),
      declared.slice(1).map(([, , binding]) => binding),
      "a binding that parseInterface does not understand",
    );
    const keys = argumentsOf(name);
    assert(keys.length > 0, "belongs to an op");
    for (const binding of bindings) {
      assert(
        keys.includes(binding.name) || SCRATCH.includes(binding.name),
        `${binding.name} is none of ${keys.join(", ")}`,
      );
      assert(
        fields.some((field) => field.binding === binding.name),
        `dims has ${binding.name}At`,
      );
    }
    const struct = source.match(/struct Dims \{([^}]*)\}/)![1];
    assertEquals(fields.length, struct.match(/:/g)!.length);
    assert(fields.length <= 32, "dims fit into a slot");
    assert(bindings.length <= 8, "no more buffers than every device has");
  });
}

Deno.test("functions of numbers are the same in every kernel", () => {
  // WGSL includes nothing: what several kernels need stands in each of them.
  const texts = new Map<string, Set<string>>();
  const found = Object.values(KERNELS).flatMap((source) => [
    ...source.matchAll(
      /(?:^\/\/\/ .*\n)+fn (\w+)\(x: f32\) -> (?:f32|bool) \{[^]*?\n\}/gm,
    ),
  ]);
  for (const [text, name] of found) {
    texts.set(name, (texts.get(name) ?? new Set()).add(text));
  }
  assert(found.length > texts.size, "some stand in several");
  for (const [name, versions] of texts) {
    assertEquals(versions.size, 1, `${name} differs`);
  }
});
