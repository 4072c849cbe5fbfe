/**
 * Debian's Chromium, driven as a person would use it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { canRead, canRunCommands, needs } from "../access.ts";

/** Debian's. */
export const CHROMIUM = "/usr/bin/chromium";

/** Settings of a test that needs a browser. */
export const needsBrowser = needs(
  "permission to run commands, and Debian's chromium",
  canRunCommands() && canRead(CHROMIUM),
);

/** Software that gives WebGPU, and what else a machine for tests needs. */
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
];

/**
 * The driver. Neither in deno.json nor written as a literal where it is imported:
 * with either, everybody who runs a task would download it.
 */
const PLAYWRIGHT: string = "npm:playwright-core@1.65.1";

/** The part of the driver's interface that is used. */
export interface Page {
  goto(url: string): Promise<unknown>;
  url(): string;
  click(selector: string): Promise<void>;
  check(selector: string): Promise<void>;
  fill(selector: string, value: string): Promise<void>;
  hover(selector: string): Promise<void>;
  selectOption(selector: string, value: string): Promise<unknown>;
  setInputFiles(selector: string, file: {
    readonly name: string;
    readonly mimeType: string;
    // deno-lint-ignore no-explicit-any
    readonly buffer: any; // Node's Buffer
  }): Promise<void>;
  textContent(selector: string): Promise<string | null>;
  inputValue(selector: string): Promise<string>;
  isVisible(selector: string): Promise<boolean>;
  waitForSelector(selector: string): Promise<unknown>;
  waitForEvent(name: "download"): Promise<{
    suggestedFilename(): string;
    path(): Promise<string>;
  }>;
  evaluate<Value>(expression: string): Promise<Value>;
  screenshot(
    options: { readonly path: string; readonly fullPage?: boolean },
  ): Promise<unknown>;
  readonly keyboard: {
    press(key: string): Promise<void>;
    type(text: string): Promise<void>;
  };
  on(name: "request", hear: (request: { url(): string }) => void): void;
  on(name: "pageerror", hear: (error: Error) => void): void;
  on(name: "console", hear: (message: ConsoleMessage) => void): void;
}

interface ConsoleMessage {
  type(): string;
  text(): string;
}

interface Context {
  newPage(): Promise<Page>;
  setDefaultTimeout(milliseconds: number): void;
  close(): Promise<void>;
}

interface Browser {
  newContext(options: ContextOptions): Promise<Context>;
  close(): Promise<void>;
}

/** How a page is shown. */
export interface ContextOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: "light" | "dark";
  readonly reducedMotion?: "reduce";
}

interface Playwright {
  readonly chromium: {
    launch(options: {
      readonly executablePath: string;
      readonly args: readonly string[];
    }): Promise<Browser>;
  };
}

/** How long anything on the page may take, in milliseconds. */
const PATIENCE = 180_000;

/**
 * Waits until an expression is true on the page. (The driver's own way evaluates it
 * in a manner that the page's policy forbids.)
 */
export async function waitUntil(page: Page, expression: string): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!await page.evaluate<boolean>(expression)) {
    if (performance.now() > end) {
      throw new Error(`Waited in vain for ${expression}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** A browser that is closed at the end of an `await using` block. */
export class Chromium implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts the browser. */
  static async launch(): Promise<Chromium> {
    const loaded: Playwright & { default?: Playwright } = await import(
      PLAYWRIGHT
    );
    const { chromium } = loaded.default ?? loaded;
    return new Chromium(
      await chromium.launch({
        executablePath: CHROMIUM,
        args: CHROMIUM_FLAGS,
      }),
    );
  }

  /**
   * Opens an address with nothing stored, lets `use` have the page, and sees to it
   * that no request went elsewhere and that the page had no error.
   */
  async visit(
    url: string,
    use: (page: Page) => Promise<void>,
    options: ContextOptions = {},
  ): Promise<void> {
    const context = await this.#browser.newContext(options);
    const elsewhere: string[] = [], errors: string[] = [];
    const { origin } = new URL(url);
    try {
      context.setDefaultTimeout(PATIENCE);
      const page = await context.newPage();
      page.on("request", (request) => {
        const to = request.url();
        if (new URL(to).origin !== origin) elsewhere.push(to);
      });
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      await page.goto(url);
      await use(page);
    } finally {
      await context.close();
    }
    assertEquals(elsewhere, []);
    assertEquals(errors, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
