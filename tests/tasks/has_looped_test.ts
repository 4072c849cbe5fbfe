import { assertEquals } from "@std/assert";
import { hasLooped } from "../../tasks/cli/has_looped.ts";

Deno.test("a text has looped when its end is one piece over and over", () => {
  const looped = [
    "he was " + "the ".repeat(11),
    " and the time traveller".repeat(3),
    "a".repeat(40),
    " ".repeat(50), // there is nothing else
    "so: " + "1,0,0;".repeat(9) + "1,0",
    "x" + "é🦕\n".repeat(12),
    "begin" + "0123456789".repeat(120) + "012",
  ];
  for (const text of looped) assertEquals(hasLooped(text), true, text);
});

Deno.test("a text that repeats a little, or once did, has not", () => {
  const others = [
    "",
    "the the the",
    "ha".repeat(15), // too short to tell
    "the ".repeat(20) + "end",
    " and the time traveller".repeat(2), // not often enough
    "Chapter\n" + "-".repeat(80), // a line
    "and so it goes on, and so it went on; and so it will go on for ever",
  ];
  for (const text of others) assertEquals(hasLooped(text), false, text);
});
