/**
 * The files of the page, for any static host.
 *
 * @module
 */

import { bundleScript } from "./script.ts";
import type { TextName } from "../shared/text_names.ts";

/** Where the page's sources are. */
const SOURCES = new URL("../playground/", import.meta.url);

/** A text that comes with the page. */
interface PageText {
  readonly name: TextName;
  readonly title: string;
  /** What samples begin with. */
  readonly prefix: string;
  readonly bytes: Uint8Array;
}

/** The bytes of each file, by its path below the page's folder. */
export type PageFiles = ReadonlyMap<string, Uint8Array>;

/**
 * Builds the page.
 *
 * @param timeMachine The Time Machine, where it is to be offered beside the sample.
 */
export async function buildPage(timeMachine?: Uint8Array): Promise<PageFiles> {
  const texts: PageText[] = [{
    name: "sample",
    title: "The Traveller in Number Nine, a short story",
    prefix: "The traveller ",
    bytes: await read("../../data/sample.txt"),
  }];
  if (timeMachine) {
    texts.push({
      name: "time-machine",
      title: "The Time Machine, by H. G. Wells",
      prefix: "The Time Traveller ",
      bytes: timeMachine,
    });
  }
  const files = new Map<string, Uint8Array>();
  for (const name of ["index.html", "style.css", "icon.svg"]) {
    files.set(name, await read(name));
  }
  for (const name of ["page", "worker"]) {
    const entry = `tasks/playground/${name}.ts`;
    const script = await bundleScript(entry, { minify: true });
    files.set(`${name}.js`, utf8(script));
  }
  for (const { name, bytes } of texts) files.set(`texts/${name}.txt`, bytes);
  const index = texts.map(({ name, title, prefix }) => {
    return { name, title, prefix, file: `${name}.txt` };
  });
  files.set("texts/index.json", utf8(JSON.stringify(index)));
  return files;
}

async function read(path: string): Promise<Uint8Array> {
  return await Deno.readFile(new URL(path, SOURCES));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
