import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Command, Flags } from "../../tasks/cli/command.ts";
import { parseCommandLine, UsageError } from "../../tasks/cli/flags.ts";
import { command as compare } from "../../tasks/compare.ts";
import { command as evaluate } from "../../tasks/evaluate.ts";
import { command as generate } from "../../tasks/generate.ts";
import { command as inspect } from "../../tasks/inspect.ts";
import { command as runs } from "../../tasks/runs.ts";
import { command as score } from "../../tasks/score.ts";
import { command as train } from "../../tasks/train.ts";

/** What a command line is refused with. */
function refusal(command: Command<Flags>, ...args: string[]): string {
  return assertThrows(() => parseCommandLine(command, args), UsageError)
    .message;
}

Deno.test("a flag takes the next word as its value, whatever that begins with", () => {
  for (
    const text of [
      ...[
        "- Hello",
        "-",
        "--",
        "---",
        "--- 1 ---",
        "-x",
        "--no-such-flag",
        "-1",
      ],
      ...["=", "a=b", "--a=b", "\n", "two\nlines", "true", "1e3", " ", "", "é"],
    ]
  ) {
    for (const args of [["--prefix", text], [`--prefix=${text}`]]) {
      const { flags, several } = parseCommandLine(generate, [
        ...args,
        "--json",
      ]);
      assertEquals([flags.prefix, flags.json, several], [text, true, []]);
    }
  }
});

Deno.test("a flag of the command is never a value, unless it is joined to its flag", () => {
  for (
    const next of ["--length", "--length=5", "--json", "--prefix", "--help"]
  ) {
    assertEquals(
      refusal(generate, "--prefix", next, "5"),
      "--prefix needs a value: TEXT; type a value that begins with " +
        `"--" as --prefix=${next}`,
    );
    const { flags } = parseCommandLine(generate, [`--prefix=${next}`]);
    assertEquals(flags.prefix, next);
  }
  assertEquals(refusal(generate, "--prefix"), "--prefix needs a value: TEXT");
  for (const args of [["--length"], ["--length", ""], ["--length", "--json"]]) {
    assertEquals(
      refusal(generate, ...args),
      "--length needs a value: a whole number of at least 0",
    );
  }
});

Deno.test("a number below its range is not taken for a flag", () => {
  assertEquals(
    refusal(generate, "--temperature", "-1"),
    '--temperature cannot be "-1": expected a number of at least 0',
  );
  assertEquals(
    refusal(train, "--epochs", "-5"),
    '--epochs cannot be "-5": expected a whole number of at least 1',
  );
  const { flags } = parseCommandLine(train, ["--forget-bias", "-1.5"]);
  assertEquals(flags["forget-bias"], -1.5);
});

Deno.test("a switch takes no value", () => {
  for (
    const args of [["--json=yes"], ["--json=false"], ["--json="], [
      "--json",
      "true",
    ], ["--json", "no"]]
  ) {
    assertEquals(
      refusal(generate, ...args),
      "--json takes no value: type --json alone, or leave it out, instead of " +
        args.join(" "),
    );
  }
});

Deno.test("a flag that there is not is named, and one that is like it", () => {
  assertEquals(
    refusal(train, "--run.x", "1"),
    "there is no flag --run.x: did you mean --run? (see deno task train --help)",
  );
  assertEquals(
    refusal(generate, "--temp", "1"),
    "there is no flag --temp: did you mean --temperature? " +
      "(see deno task generate --help)",
  );
  assertEquals(
    refusal(generate, "--iterations=5"),
    "there is no flag --iterations (see deno task generate --help)",
  );
  for (const word of ["-prefix", "---prefix", "-prefix=x", "--Prefix", "-p"]) {
    assert(
      refusal(generate, word, "x").startsWith(
        `there is no flag ${word.split("=")[0]}: did you mean --prefix? (`,
      ),
    );
  }
  for (
    const word of [
      "--constructor",
      "--__proto__=1",
      "--toString",
      "--=x",
      "---",
    ]
  ) {
    assert(refusal(train, word).startsWith("there is no flag --"));
  }
  const long = refusal(train, `--${"x".repeat(1e5)}`);
  assert(long.length < 200);
});

Deno.test("a flag is given once", () => {
  assertEquals(
    refusal(train, "--seed", "1", "--seed=1"),
    "--seed was given twice",
  );
  assertEquals(parseCommandLine(train, ["--json", "--json"]).flags.json, true);
});

Deno.test("a word that belongs to no flag: what to type instead", () => {
  const cases: [Command<Flags>, string[], string][] = [
    [
      generate,
      ["traveller"],
      'belong to a flag: type --prefix "traveller" (see',
    ],
    [generate, ["--json", "a b"], 'belong to a flag: type --prefix "a b" (see'],
    [generate, ["$x"], "belong to a flag: type --prefix '$x' (see"],
    [
      generate,
      ["--length", "5", "so"],
      'belong to a flag: type --prefix "so" (see',
    ],
    [train, ["book.txt"], "belong to a flag: type --corpus book.txt (see"],
    [
      train,
      ["book 1.txt"],
      "belong to a flag: type --corpus 'book 1.txt' (see",
    ],
    [train, ["tale-1"], "type --corpus tale-1 or --run tale-1 (see"],
    [evaluate, ["tale-1"], "--run tale-1"],
    [train, ["--", "--book"], "type --corpus --book"],
    [
      train,
      ["--corpus", "a.txt", "b.txt", "c.txt"],
      '"b.txt" is one too many: --corpus takes one file, and has ' +
      '"a.txt"; put a value with spaces in quotes: --corpus \'a.txt ' +
      "b.txt' (see",
    ],
    [
      generate,
      ["--prefix", "time", "traveller"],
      '--prefix takes one value, and has "time"; put a value with ' +
      'spaces in quotes: --prefix "time traveller" (see',
    ],
    [
      score,
      ["a.txt", "b.txt"],
      '"b.txt" is one too many: score takes one FILE',
    ],
    [score, ["a.txt", "--run=x", "b.txt"], "--run takes one value"],
    [inspect, ["a", "b"], "inspect takes one RUN|FILE"],
    [runs, ["x"], '"x" does not belong to a flag (see deno task runs --help)'],
    [
      train,
      ["–-epochs", "5"],
      "typographic dash: a flag begins with",
    ],
    [train, ["—epochs=5"], 'two hyphens, "--"'],
  ];
  for (const [command, args, expected] of cases) {
    const said = refusal(command, ...args);
    assert(said.includes(expected), `${args.join(" ")}: ${said}`);
  }
  assert(refusal(train, "x".repeat(1e6)).length < 500);
});

Deno.test("the command's own argument stands anywhere between the flags", () => {
  for (
    const args of [["--json", "-"], ["-", "--json"], ["--json", "--", "-"]]
  ) {
    assertEquals(parseCommandLine(score, args).argument, "-");
  }
  assertEquals(parseCommandLine(score, ["--", "--json"]).argument, "--json");
  assertEquals(parseCommandLine(compare, ["a", "b", "c"]).several, [
    ..."abc",
  ]);
  for (const args of [[], [""]]) {
    assert(refusal(score, ...args).startsWith("FILE is missing: the text"));
  }
});
