import { assert, assertEquals } from "@std/assert";
import { splitText } from "../../lib/text/split_text.ts";
import { textJoiner } from "../../lib/text/text_joiner.ts";

Deno.test("textJoiner puts words together with one space, in any pieces", () => {
  const words = ["the", "time", "machine", "by"];
  for (let pattern = 0; pattern < 2 ** 3; pattern++) {
    const join = textJoiner("word");
    const piece = [words[0]];
    let text = join([]);
    for (const [i, word] of words.slice(1).entries()) {
      if (pattern >> i & 1) text += join(piece.splice(0));
      piece.push(word);
    }
    assertEquals(text + join(piece, true), "the time machine by");
  }
});

Deno.test("textJoiner gives characters back as they come", () => {
  const join = textJoiner("char");
  assertEquals(
    join(["a", "🦕"]) + join([]) + join(["<unk>"], true),
    "a🦕<unk>",
  );
});

Deno.test("textJoiner holds back bytes until their character is whole", () => {
  const text = "\ufeffé🦕x\r\n€";
  const tokenizer = { level: "byte", normalize: "none" } as const;
  const bytes = splitText(text, tokenizer).tokens;
  for (let size = 1; size <= bytes.length; size++) {
    const join = textJoiner("byte");
    let joined = "";
    for (let at = 0; at < bytes.length; at += size) {
      const piece = join(bytes.slice(at, at + size));
      assert(!piece.includes("\ufffd"), `a character cut at ${at}`);
      joined += piece;
    }
    assertEquals(joined + join([], true), text, `pieces of ${size}`);
  }
});

Deno.test("textJoiner shows bytes that are no character as U+FFFD", () => {
  const join = textJoiner("byte");
  assertEquals(join(["a", "\u00f0", "\u009f"]), "a");
  assertEquals(join([], true), "\ufffd");
  assertEquals(textJoiner("byte")(["a", "<unk>", "b"], true), "a\ufffdb");
});
