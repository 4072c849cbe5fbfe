import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { canRead, canRunCommands, needs } from "../access.ts";

const ROOT = new URL("../../", import.meta.url);
const NOTEBOOK = new URL("docs/rnn-from-scratch.ipynb", ROOT);

/** What is asked of a notebook here. */
interface Notebook {
  readonly cells: readonly {
    readonly cell_type: "code" | "markdown";
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly source: readonly string[];
    readonly execution_count?: number | null;
    readonly outputs?: readonly {
      readonly output_type: string;
      readonly data?: Readonly<Record<string, unknown>>;
    }[];
  }[];
}

/** Debian's Python, which has Debian's nbconvert whatever else is in PATH. */
const PYTHON = canRead("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

const needsJupyter = needs(
  "Jupyter and Deno's kernel: apt install python3-nbconvert jupyter-client, " +
    "deno jupyter --install",
  canRunCommands() && await canExecuteNotebooks(),
);

/** Whether nbconvert is there, and Jupyter knows Deno's kernel. */
async function canExecuteNotebooks(): Promise<boolean> {
  const ask = "import nbconvert; from jupyter_client.kernelspec import " +
    "KernelSpecManager as K; K().get_kernel_spec('deno')";
  try {
    const command = new Deno.Command(PYTHON, { args: ["-c", ask] });
    return (await command.output()).success;
  } catch {
    return false;
  }
}

function readNotebook(path: URL | string): Notebook {
  return JSON.parse(Deno.readTextFileSync(path));
}

Deno.test({
  ...needs("permission to read", canRead(ROOT))(
    "the notebook is kept as it ran, from first to last",
  ),
  fn: () => {
    const text = Deno.readTextFileSync(NOTEBOOK);
    assert(text.length < 300_000, `The notebook has ${text.length} characters`);
    // No machine's paths or times.
    assertEquals(
      text.match(/\/(home|root|tmp|work)\/|file:|iopub|\d\dT\d\d:/),
      null,
    );
    const code = readNotebook(NOTEBOOK).cells.filter(({ cell_type }) =>
      cell_type === "code"
    );
    assertEquals(
      code.map(({ execution_count }) => execution_count),
      code.map((_, i) => i + 1),
    );
    const silent = code.filter(({ source, outputs = [] }) =>
      /^(await )?(console\.log|show|compare)\(/m.test(source.join("")) &&
      !outputs.some(({ output_type }) => output_type === "stream")
    );
    assertEquals(silent, []);
    const failed = code.flatMap(({ outputs = [] }) => outputs)
      .filter(({ output_type }) => output_type === "error");
    assertEquals(failed, []);
  },
});

Deno.test({
  ...needsJupyter("every cell of the notebook runs, from first to last"),
  fn: async () => {
    const folder = Deno.makeTempDirSync({ prefix: "weena-" });
    try {
      // A copy of what the notebook reaches, so that nothing here changes.
      for (const name of ["mod.ts", "lib", "kernels", "data/sample.txt"]) {
        copy(new URL(name, ROOT), `${folder}/${name}`);
      }
      for (const name of ["plot.ts", "rnn-from-scratch.ipynb"]) {
        copy(new URL(`docs/${name}`, ROOT), `${folder}/docs/${name}`);
      }
      const { success, stderr } = await new Deno.Command(PYTHON, {
        args: [
          ...["-m", "nbconvert", "--to", "notebook", "--execute", "--inplace"],
          "--ExecutePreprocessor.timeout=600",
          "rnn-from-scratch.ipynb",
        ],
        cwd: `${folder}/docs`,
        env: { NO_COLOR: "1" },
      }).output();
      assert(success, new TextDecoder().decode(stderr).slice(-4000));
      const { cells } = readNotebook(`${folder}/docs/rnn-from-scratch.ipynb`);
      const drawn = cells.flatMap(({ outputs = [] }) => outputs)
        .map(({ data }) => String(data?.["image/svg+xml"] ?? ""))
        .filter((svg) => svg !== "");
      assert(
        drawn.length > 0 && drawn.every((svg) => svg.includes("<polyline")),
      );
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

/** Copies a file or a folder with all that is in it. */
function copy(from: URL, to: string): void {
  if (Deno.statSync(from).isDirectory) {
    Deno.mkdirSync(to, { recursive: true });
    for (const { name } of Deno.readDirSync(from)) {
      copy(new URL(`${from.href}/${name}`), `${to}/${name}`);
    }
  } else {
    Deno.mkdirSync(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    Deno.copyFileSync(fromFileUrl(from), to);
  }
}
