/** Runs a command, whose output is dropped; whether it is there and succeeds. */
export async function succeeds(
  command: string,
  ...args: string[]
): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, {
      args,
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}
