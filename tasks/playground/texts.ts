/**
 * Which text to train on: one that comes with the page, or the reader's own.
 *
 * @module
 */

import { find, make } from "./dom.ts";
import type { NamedText } from "./protocol.ts";

/** A text that comes with the page: an entry of texts/index.json. */
interface Listed {
  readonly name: string;
  readonly title: string;
  readonly file: string;
  readonly prefix: string;
}

/** The longest text that the page takes, in bytes. */
const MOST_BYTES = 50e6;

/** Offers texts, and reads the one that is chosen. */
export class Texts {
  readonly #list = find("texts", HTMLElement);
  readonly #own = make("div");
  #read: () => Promise<NamedText> = () =>
    Promise.reject(new Error("Choose a text first"));

  /** Fills the list with what comes with the page. */
  async load(): Promise<void> {
    this.#list.append(this.#own);
    const listed: readonly Listed[] = await (await get("index.json")).json();
    listed.forEach((text, i) => {
      const read = async () => ({
        name: text.name,
        prefix: text.prefix,
        bytes: await bytesOf(await get(text.file)),
      });
      this.#own.before(this.#choice(text.title, read, i === 0));
    });
  }

  /** Offers a text of the reader's, and chooses it. */
  add(file: File): void {
    if (file.size > MOST_BYTES) {
      throw new Error(
        `${file.name} is too long for a page: it has ` +
          `${(file.size / 1e6).toFixed(0)} MB, and the limit is ` +
          `${MOST_BYTES / 1e6} MB`,
      );
    }
    const read = async () => ({
      name: file.name,
      bytes: new Uint8Array(await file.arrayBuffer()),
    });
    this.#own.replaceChildren(this.#choice(file.name, read, true));
  }

  /** The text that is chosen. */
  read(): Promise<NamedText> {
    return this.#read();
  }

  #choice(
    title: string,
    read: () => Promise<NamedText>,
    checked: boolean,
  ): HTMLElement {
    const radio = make("input");
    radio.type = "radio";
    radio.name = "text";
    radio.checked = checked;
    if (checked) this.#read = read;
    radio.addEventListener("change", () => this.#read = read);
    return make(
      "label",
      { className: "choice" },
      radio,
      make("span", {}, make("b", { text: title })),
    );
  }
}

async function get(file: string): Promise<Response> {
  const response = await fetch(new URL(`texts/${file}`, document.baseURI));
  if (response.ok) return response;
  throw new Error(`Cannot fetch texts/${file}: ${response.status}`);
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}
