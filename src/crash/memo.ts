const FIRST_NODES = 1 << 10
/** About 64 MB. Beyond it nothing new is remembered, and the check is run again instead. */
const NODES_MAX = 1 << 22

/** Nothing is known of what comes next. */
const UNKNOWN = -1
/** This and below: the run ends here, with outcome FIRST_LEAF - value. */
const FIRST_LEAF = -2

/**
 * What is known of the runs of a check: a tree whose nodes are what the check reads next, given all it has read before. A check that
 * has read the same does the same, whichever crash point the contents come from, so that its outcome is remembered by what it read.
 * It also shows a check that is not deterministic: it reads something else where it has been before.
 */
export class Memo {
  #count = 1
  #nexts = new Int32Array(FIRST_NODES).fill(UNKNOWN)
  #keys = new Int32Array(FIRST_NODES)
  #firsts = new Int32Array(FIRST_NODES).fill(-1)
  #siblings = new Int32Array(FIRST_NODES).fill(-1)

  readonly #limit: number

  /** Where every run begins. */
  readonly root = 0

  /** @param limit nodes after which nothing new is remembered */
  constructor(limit = NODES_MAX) {
    this.#limit = limit
  }

  /** What is read next; negative when that is not known or the run ends. */
  next(node: number): number {
    return this.#nexts[node] ?? UNKNOWN
  }

  /** The outcome of a run that ends at a node, -1 where none is known to. */
  outcome(node: number): number {
    const next = this.next(node)
    return next <= FIRST_LEAF ? FIRST_LEAF - next : -1
  }

  /** Notes what is read at a node; false when something else was read, or the run ended there, before. */
  noteRead(node: number, unit: number): boolean {
    if (this.#nexts[node] === UNKNOWN) this.#nexts[node] = unit
    return this.#nexts[node] === unit
  }

  /** Notes that a run ends at a node; false when one with another outcome did, or went on reading. */
  noteEnd(node: number, outcome: number): boolean {
    return this.noteRead(node, FIRST_LEAF - outcome)
  }

  /** The node behind what was read, -1 if there is none. */
  find(node: number, key: number): number {
    let child = this.#firsts[node] ?? -1
    while (child >= 0 && this.#keys[child] !== key) child = this.#siblings[child] ?? -1
    return child
  }

  /** The node behind what was read, made if there is none; -1 when the memo is full. */
  reach(node: number, key: number): number {
    const found = this.find(node, key)
    if (found >= 0) return found
    if (this.#count >= this.#limit) return -1
    if (this.#count === this.#nexts.length) this.#grow()
    const child = this.#count++
    this.#keys[child] = key
    this.#siblings[child] = this.#firsts[node] ?? -1
    this.#firsts[node] = child
    return child
  }

  #grow(): void {
    const wider = (column: Int32Array, fill: number): Int32Array<ArrayBuffer> => {
      const copy = new Int32Array(column.length * 2).fill(fill, column.length)
      copy.set(column)
      return copy
    }
    this.#nexts = wider(this.#nexts, UNKNOWN)
    this.#keys = wider(this.#keys, 0)
    this.#firsts = wider(this.#firsts, -1)
    this.#siblings = wider(this.#siblings, -1)
  }
}
