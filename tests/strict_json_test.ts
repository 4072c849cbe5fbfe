import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Json, parseStrictJson } from "../lib/strict_json.ts";

/** The value with its Maps made arrays of pairs. */
function plain(value: Json): unknown {
  if (value instanceof Map) {
    return [...value].map(([key, one]) => [key, plain(one)]);
  }
  return Array.isArray(value) ? value.map(plain) : value;
}

Deno.test("parseStrictJson reads what JSON.parse reads", () => {
  const documents = [
    "0",
    "9007199254740991",
    '""',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83e\\udd95 é 🦕"',
    "[]",
    "[1, [2], []]",
    ' \t\r\n[ 1 ,\n"a" ] \n',
  ];
  for (const document of documents) {
    assertEquals(plain(parseStrictJson(document, 4)), JSON.parse(document));
  }
  assertEquals(plain(parseStrictJson('{"b": 1, "a": {"": []}}', 4)), [
    ["b", 1],
    ["a", [["", []]]],
  ]);
});

Deno.test("parseStrictJson keeps special names as plain keys", () => {
  const json = '{"__proto__": {"x": 1}, "constructor": 2, "toString": 3}';
  const object = parseStrictJson(json, 4);
  assert(object instanceof Map);
  assertEquals([...object.keys()], ["__proto__", "constructor", "toString"]);
  assertEquals(({} as Record<string, unknown>).x, undefined);
});

Deno.test("parseStrictJson reads strings of any length", () => {
  // A regular expression with alternatives gives up between 8 and 20 million.
  const long = "a".repeat(20_000_000);
  assert(parseStrictJson(`"${long}"`, 4) === long);
});

const MALFORMED: Record<string, string> = {
  nothing: "",
  "an object cut off": "{",
  "a list cut off": "[1",
  "a string cut off": '"a',
  "a string cut off in an escape": '"a\\',
  "text behind the value": "{} {}",
  "a comma at the end of an object": '{"a":1,}',
  "a comma at the end of a list": "[1,]",
  "a key that is no string": "{1:2}",
  "no colon": '{"a" 1}',
  "equal keys": '{"a":1,"a":1}',
  "equal keys, one escaped": '{"a":1,"\\u0061":2}',
  "equal keys within": '{"x":{"a":1,"b":2,"a":1}}',
  "a fraction": "16.0",
  "an exponent": "1e3",
  "a great exponent": "1E3",
  "minus zero": "-0",
  "a number below zero": "-1",
  "a plus sign": "+1",
  "a zero in front": "01",
  "a number of 2^53": "9007199254740992",
  "a number above 2^53": "9007199254740993",
  "a number too great for any": "1".repeat(400),
  hexadecimal: "0x10",
  NaN: "NaN",
  true: "true",
  null: "null",
  "half a surrogate pair": '"\\ud800"',
  "the other half": '"\\udc00x"',
  "half a pair in a key": '{"\\ud800":1}',
  "a control character": '"a\nb"',
  "an unknown escape": '"\\x41"',
  "a comment": "/**/ 1",
  "a byte-order mark": "\ufeff{}",
  "space that JSON does not know": "\u00a0{}",
  "five levels": "[[[[[]]]]]",
  "endless levels": "[".repeat(1e6),
  "endless objects": '{"a":'.repeat(1e6),
};

for (const [name, json] of Object.entries(MALFORMED)) {
  Deno.test(`parseStrictJson refuses ${name}`, () => {
    const { message } = assertThrows(
      () => parseStrictJson(json, 4),
      SyntaxError,
      "expected",
    );
    assert(/ at \d+, found /.test(message) && message.length < 100, message);
  });
}

Deno.test("parseStrictJson allows just as many levels as it is told to", () => {
  for (let depth = 0; depth < 6; depth++) {
    const json = "[".repeat(depth) + "]".repeat(depth) || "1";
    parseStrictJson(json, depth);
    if (depth === 0) continue;
    assertThrows(() => parseStrictJson(json, depth - 1), SyntaxError, "levels");
  }
});
