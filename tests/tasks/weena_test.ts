import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import readme from "../../README.md" with { type: "text" };
import { TASKS } from "../../tasks/weena.ts";
import { needsCommands } from "../access.ts";
import { execute, TemporaryFolder } from "./command.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** The flags in a command that grant permissions. */
function grantsIn(command: string): string[] {
  return command.match(/--allow-\S+/g) ?? [];
}

/** What the README installs weena with. */
const GRANTS = grantsIn(
  readme.match(/deno install -g [\s\S]*?weena\.ts/)?.[0] ?? "",
);

/** The values that each permission is granted for; none: for all. */
function permissionsOf(grants: string[]): Record<string, string[]> {
  const permissions: Record<string, Set<string>> = {};
  for (const grant of grants) {
    const [name, values = "all"] = grant.split("=");
    const granted = permissions[name] ??= new Set();
    for (const value of values.split(",")) granted.add(value);
  }
  return Object.fromEntries(
    Object.entries(permissions).map(([name, values]) => [
      name,
      values.has("all") ? [] : [...values].toSorted(),
    ]),
  );
}

/** Installs the command in a folder of its own and runs it there. */
async function install(folder: TemporaryFolder) {
  const installed = await execute(folder, Deno.execPath(), [
    ...["install", "--global"],
    ...[...GRANTS, "--config", `${ROOT}deno.json`, "--name", "weena"],
    ...["--root", folder.path, `${ROOT}tasks/weena.ts`],
  ]);
  assertEquals(installed.code, 0, installed.stderr);
  return (...args: string[]) =>
    execute(folder, `${folder.path}/bin/weena`, args);
}

Deno.test("weena has every task that is for people who use models", async () => {
  const developers = /^(bundle|test|torture|check|ok|build:.*)$/;
  const users = Object.keys(config.tasks).filter((task) =>
    !developers.test(task)
  );
  assertEquals(Object.keys(TASKS).toSorted(), users.toSorted());
  for (const [task, load] of Object.entries(TASKS)) {
    const { command } = await load();
    assertEquals(command.name, task);
  }
});

Deno.test("the README installs weena with the permissions of its tasks", () => {
  const needed = Object.keys(TASKS).flatMap((task) =>
    grantsIn(config.tasks[task as keyof typeof config.tasks].command)
  )
    // Deno asks for this one when it is used: bench --peer alone runs a command.
    .filter((grant) => grant !== "--allow-run");
  // The tasks in deno.json set this variable in the shell, weena by itself.
  needed.push("--allow-env=XDG_RUNTIME_DIR");
  assertEquals(permissionsOf(GRANTS), permissionsOf(needed));
});

Deno.test({
  ...needsCommands("weena, installed, has the tasks for subcommands"),
  fn: async () => {
    using folder = new TemporaryFolder();
    const weena = await install(folder);
    const menu = await weena();
    assertEquals([menu.code, menu.stderr], [0, ""]);
    for (const task of Object.keys(TASKS)) {
      assertStringIncludes(menu.stdout, `weena ${task} `);
    }
    const help = await weena("train", "--help");
    assertEquals(help.code, 0, help.stderr);
    assertStringIncludes(help.stdout, "deno task train");
    const trained = await weena(
      ...["train", "--corpus=sample", "--max-tokens=600", "--device=cpu"],
      ...["--hidden-size=8", "--batch-size=4", "--num-steps=8", "--epochs=2"],
    );
    assertEquals(trained.code, 0, trained.stderr);
    const made = await weena("generate", "--prefix=the", "--device=cpu");
    assertEquals(made.code, 0, made.stderr);
    assertEquals(made.stdout.slice(0, 3), "the");
    const wrong = await weena("trian");
    assertEquals([wrong.code, wrong.stdout], [2, ""]);
    assertStringIncludes(wrong.stderr, "did you mean train?");
  },
});
