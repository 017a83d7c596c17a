/** Code points a terminal shows two columns wide: East Asian wide and fullwidth blocks, and emoji. */
const WIDE =
  /[\u1100-\u115f\u231a\u231b\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b001}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

/** Combining marks that sit on the character before them. Others are counted, so that a width is never too small. */
const COMBINING = /[\u0300-\u036f]/

/** The terminal columns a line of text takes. Never less than it really takes; more only for joined emoji. */
export function displayWidth(line: string): number {
  // oxlint-disable-next-line no-control-regex -- plain ASCII is the common case and needs no look at each character
  if (/^[\u0000-\u007f]*$/.test(line)) return line.length
  let width = 0
  for (const character of line) width += characterWidth(character)
  return width
}

function characterWidth(character: string): number {
  if (COMBINING.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/**
 * Breaks text into lines of at most `width` columns: at its own line breaks, then between words, then inside a word that
 * is wider than a whole line. No character is lost except the blanks at a break. The one thing wider than asked for is a
 * two-column character when `width` is 1.
 */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => (displayWidth(line) <= width ? [line] : wrapLine(line, width)))
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = []
  let current = ''
  let currentWidth = 0
  for (const part of line.split(/( +)/)) {
    const partWidth = displayWidth(part)
    if (currentWidth + partWidth <= width) {
      current += part
      currentWidth += partWidth
      continue
    }
    if (current.trim() !== '') lines.push(current.trimEnd())
    const broken = part.trim() === '' ? [''] : breakWord(part, width)
    lines.push(...broken.slice(0, -1))
    current = broken.at(-1) ?? ''
    currentWidth = displayWidth(current)
  }
  if (current.trim() !== '') lines.push(current.trimEnd())
  return lines.length > 0 ? lines : ['']
}

function breakWord(word: string, width: number): string[] {
  const pieces: string[] = []
  let piece = ''
  let pieceWidth = 0
  for (const character of word) {
    const columns = characterWidth(character)
    if (piece !== '' && pieceWidth + columns > width) {
      pieces.push(piece)
      piece = ''
      pieceWidth = 0
    }
    piece += character
    pieceWidth += columns
  }
  pieces.push(piece)
  return pieces
}
