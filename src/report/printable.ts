/**
 * C0 and C1 controls except the line break, and the characters that reorder text on screen. Written to a terminal they
 * could move the cursor, change colours or make a path look like another one.
 */
// oxlint-disable-next-line no-control-regex -- control characters are what this finds
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** The text with every control character as a visible escape ("\x1b", "\u202e"). Line breaks stay. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0)
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}
