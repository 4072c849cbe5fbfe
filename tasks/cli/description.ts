import config from "../../deno.json" with { type: "json" };

/** What a task does, as `deno task` lists it, without a full stop. */
export function descriptionOf(task: string): string {
  const tasks: Readonly<Record<string, { readonly description: string }>> =
    config.tasks;
  if (Object.hasOwn(tasks, task)) return tasks[task].description;
  throw new TypeError(`deno.json has no task ${task}`);
}
