/**
 * Text that comes in pieces, line by line.
 *
 * @module
 */

/** Cuts text at its line ends; what follows the last one is left out. */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let rest = "";
    super({
      transform(piece, controller) {
        const lines = (rest + piece).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
    });
  }
}
