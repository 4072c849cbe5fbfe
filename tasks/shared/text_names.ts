/** The texts that go by a name: The Time Machine, and the bundled story. */
export const TEXT_NAMES = ["time-machine", "sample"] as const;

/** The name of such a text. */
export type TextName = typeof TEXT_NAMES[number];

/** Whether a text goes by a name, and is no file. */
export function isTextName(text: string): text is TextName {
  return TEXT_NAMES.some((name) => name === text);
}
