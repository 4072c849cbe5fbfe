import { assert, assertEquals } from "@std/assert";
import { OP_NAMES, type OpName } from "../lib/backend/compiled_op.ts";
import { SIGNATURES } from "../lib/backend/ops.ts";
import type { OpSignature } from "../lib/backend/signature.ts";
import { parseInterface } from "../lib/backend/webgpu/kernel_interface.ts";
import {
  filesOf,
  join,
  type KernelName,
  KERNELS,
  PARTS,
  SOURCES,
} from "../lib/backend/webgpu/kernels.ts";
import { SCRATCH_NAMES } from "../lib/backend/webgpu/op_context.ts";

/** Kernels that are a part of an op which their name does not begin with. */
const PART_OF: Readonly<Record<string, OpName>> = {
  transpose: "rnnBackward",
};

/** Bindings that may be no argument of an op: what one kernel hands to the next. */
const SCRATCH: readonly string[] = SCRATCH_NAMES;

/** The op whose name the kernel's begins with: linear_backward_bias, linearBackward. */
function opOf(kernel: string): OpName {
  const camel = kernel.replace(/_(\w)/g, (_, c) => c.toUpperCase());
  const op = PART_OF[kernel] ??
    OP_NAMES.filter((name) => camel.startsWith(name))
      .reduce((a, b) => a.length > b.length ? a : b, "" as OpName);
  assert(op in SIGNATURES, `${kernel} belongs to an op`);
  return op;
}

/** The comment that a file begins with, and the headings of its paragraphs. */
function headerOf(source: string): { header: string; headings: string[] } {
  const header = source.slice(0, source.search(/^[^/\n]/m));
  const headings = [...header.matchAll(/^\/\/ (\S+)$/gm)].map(([, x]) => x);
  return { header, headings };
}

/** Names that a file declares for others. */
function declarations(source: string): string[] {
  return [...source.matchAll(
    /^(?:fn|struct|const|alias|override|(?:@.* )?var<[^>]*>) (\w+)/gm,
  )].map(([, name]) => name);
}

function wordsOf(text: string): string[] {
  return text.match(/\w+/g) ?? [];
}

for (const [name, source] of Object.entries(SOURCES)) {
  Deno.test(`kernels/${name}.wgsl says what it does`, () => {
    const { headings, header } = headerOf(source);
    assertEquals(headings, [
      "Computes",
      "Bindings",
      "Parallel",
      "Workgroup",
      "Reference",
    ]);
    const named = header.match(/lib\/\S+\.ts/)?.[0];
    assert(named, "the Reference paragraph names a file");
  });
}

for (const name of Object.keys(KERNELS) as KernelName[]) {
  Deno.test(`kernel ${name} binds the op's arguments by name`, () => {
    const joined = join(filesOf(name));
    const { bindings, fields } = parseInterface(joined);
    const declared = [
      ...joined.matchAll(/@binding\((\d+)\) var<[^>]*> (\w+)/g),
    ].sort(([, a], [, b]) => Number(a) - Number(b));
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
    const { tensors }: OpSignature = SIGNATURES[opOf(name)];
    for (const binding of bindings) {
      const argument = tensors[binding.name];
      assert(
        argument || SCRATCH.includes(binding.name),
        `${binding.name} is none of ${Object.keys(tensors).join(", ")}`,
      );
      if (argument) {
        const { dtype, use } = argument;
        assert(dtype === binding.dtype || dtype === "any", binding.name);
        assert(use !== "in" || !binding.written, `${binding.name} is written`);
      }
      assert(
        fields.some((field) => field.binding === binding.name),
        `dims has ${binding.name}At`,
      );
    }
    assertEquals(joined.match(/^struct Dims/gm)?.length, 1);
    const struct = joined.match(/struct Dims \{([^}]*)\}/)![1];
    assertEquals(fields.length, struct.match(/:/g)!.length);
    assert(fields.length <= 32, "dims fit into a slot");
    assert(bindings.length <= 8, "no more buffers than every device has");
  });
}

for (const name of Object.keys(KERNELS) as KernelName[]) {
  Deno.test(`kernel ${name}: a workgroup begins where its share does`, () => {
    const code = join(filesOf(name)).replaceAll(/\/\/.*$/gm, "");
    const { constants } = parseInterface(code);
    const [, main] = code.split(/^fn main\(/m);
    // A workgroup's number counts its share, or rows of what a tensor says.
    for (
      const [all, axis, unit] of main.matchAll(/\bgroup\.([xyz]) \* ([\w.]+)/g)
    ) {
      const share = `SHARE_${axis.toUpperCase()}`;
      assert(unit.startsWith("dims.") || unit === share, all);
    }
    for (const share of Object.keys(constants)) {
      if (!share.startsWith("SHARE_") || !main.includes("group.")) continue;
      assert(main.includes(share), `${share} is not what main goes by`);
    }
  });
}

for (const [name, source] of Object.entries(PARTS)) {
  Deno.test(`kernels/parts/${name}.wgsl says what it gives and asks`, () => {
    const { headings, header } = headerOf(source);
    assertEquals(headings, ["Gives", "Asks"]);
    const [, gives, asks] = header.split(/^\/\/ (?:Gives|Asks)$/m);
    const code = source.slice(header.length).replaceAll(/\/\/.*$/gm, "");
    const functions = [...code.matchAll(/^fn (\w+)/gm)].map(([, one]) => one);
    assert(functions.length > 0);
    for (const one of functions) {
      const isOwn = one !== "main" && code.split(`${one}(`).length > 2; // called here
      assert(isOwn || gives.includes(`${one}(`), `${one} is given`);
    }
    for (const [field] of code.matchAll(/\bdims\.\w+/g)) {
      assert(asks.includes(field), `asks for ${field}`);
    }
  });
}

for (const name of Object.keys(KERNELS) as KernelName[]) {
  const [, ...parts] = KERNELS[name];
  if (parts.length === 0) continue;
  Deno.test(`kernel ${name} uses each of its parts`, () => {
    const files = filesOf(name).map(({ text }) => text);
    for (const [i, part] of parts.entries()) {
      const others = wordsOf(files.toSpliced(i + 1, 1).join("\n"));
      const used = declarations(PARTS[part]).some((one) =>
        one === "main" || others.includes(one)
      );
      assert(used, `nothing of ${part} is used`);
    }
    assertEquals(join(filesOf(name)).match(/^fn main\(/gm)?.length, 1);
  });
}

Deno.test("no function of a number stands in two files", () => {
  const sources = [
    ...Object.values(SOURCES),
    ...Object.values(PARTS),
  ];
  const functions = sources.flatMap((source) =>
    [...source.matchAll(/^fn \w+\(x: f32\)[^]*?^\}/gm)].map(([text]) => text)
  );
  assert(functions.length > 0);
  const again = functions.filter((text, i) => functions.indexOf(text) < i);
  assertEquals(again, []);
});
