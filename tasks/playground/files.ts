/**
 * Files that come in, chosen or dropped, and files that go out.
 *
 * @module
 */

import { find } from "./dom.ts";

/** How long the address of a file is kept for the browser to fetch it. */
const KEPT = 60_000;

/** Hears of files: models by their ending, texts otherwise. */
export function listenForFiles(
  onText: (file: File) => void,
  onModel: (file: File) => void,
): void {
  const choices = [["text-file", onText], ["model-file", onModel]] as const;
  for (const [id, onFile] of choices) {
    const input = find(id, HTMLInputElement);
    input.addEventListener("change", () => {
      const [file] = input.files ?? [];
      if (file) onFile(file);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (!file) return;
    if (file.name.endsWith(".safetensors")) onModel(file);
    else onText(file);
  });
}

/** Has the browser save a file. */
export function saveFile(name: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes.slice()]));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT);
}
