import type {Column, TableBlock} from '../report/index.js'

/** Numbers notes in the order in which they are first cited; a note cited again keeps its number. */
export class Footnotes {
  readonly #columns: readonly Column[]
  readonly #notes: (readonly string[])[] = []
  readonly #numbers = new Map<string, number>()
  #printed = 0

  /** @param columns what a note consists of */
  constructor(...columns: readonly Column[]) {
    this.#columns = columns
  }

  /** The mark to put where the note belongs: "[3]". @param note one text per column */
  cite(...note: readonly string[]): string {
    const key = JSON.stringify(note)
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#notes.push(note)
      this.#numbers.set(key, number)
    }
    return `[${number}]`
  }

  /** The notes cited since this was last asked for, as a table to print below what cites them. */
  table(): TableBlock {
    const from = this.#printed
    this.#printed = this.#notes.length
    return {
      kind: 'table',
      columns: [{name: '', key: 'note'}, ...this.#columns],
      rows: this.#notes.slice(from).map((note, i) => [`[${from + i + 1}]`, ...note]),
    }
  }
}
