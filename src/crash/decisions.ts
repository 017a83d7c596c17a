import {invariant, ToolError} from '../base/index.js'
import type {Decider} from './check.js'
import type {Memo} from './memo.js'
import type {CrashModel} from './model.js'
import type {CrashPoint} from './point.js'

const DEPTH_FIRST = 64

/**
 * All choices a check can meet at one crash point, depth first: a unit is decided when it is first read, and the last decision with
 * another content left is changed for the next run. A choice is offered only if some image has it together with those before.
 */
export class Decisions implements Decider {
  readonly #model: CrashModel
  readonly #memo: Memo
  /** Stands for the set of reached marks among the units: a check that asks for it has read something too. */
  readonly #marksUnit: number
  readonly #lists: (Int32Array | undefined)[] = []
  readonly #listPoints: Int32Array
  readonly #stamps: Int32Array
  readonly #chosen: Int32Array
  #units = new Int32Array(DEPTH_FIRST)
  #indices = new Int32Array(DEPTH_FIRST)
  #nodes = new Int32Array(DEPTH_FIRST)
  #options: Int32Array[] = []
  /** Decisions made. */
  #length = 0
  /** Of those, how many the current run has come to. */
  #cursor = 0
  #node = 0
  #run = 0
  #point: CrashPoint
  #isTied = false

  constructor(model: CrashModel, memo: Memo) {
    this.#model = model
    this.#memo = memo
    this.#marksUnit = model.units.count
    this.#listPoints = new Int32Array(model.units.count).fill(-1)
    this.#stamps = new Int32Array(model.units.count + 1)
    this.#chosen = new Int32Array(model.units.count + 1)
    this.#point = model.at(0)
  }

  /** Begins with the first choice everywhere. */
  begin(point: CrashPoint): void {
    this.#point = point
    this.#isTied = point.isTied
    this.#length = 0
  }

  /** The outcome of the current choices if it is known from an earlier run, else -1 and a run is needed. */
  recall(): number {
    const memo = this.#memo
    const last = this.#length - 1
    let node = last < 0 ? memo.root : this.#childOf(last)
    for (;;) {
      if (node < 0) return -1
      const unit = memo.next(node)
      if (unit < 0) return memo.outcome(node)
      const depth = this.#push(unit)
      this.#nodes[depth] = node
      node = this.#childOf(depth)
    }
  }

  /** Begins a run of the check with the current choices. */
  start(): void {
    this.#cursor = 0
    this.#node = this.#memo.root
    this.#run++
  }

  decide(unit: number): number {
    if (this.#stamps[unit] === this.#run) return this.#chosen[unit] ?? 0
    const depth = this.#cursor++
    if (depth === this.#length) this.#push(unit)
    else if (this.#units[depth] !== unit) throw this.#nondeterminism(depth, unit, this.#units[depth] ?? -1)
    const memo = this.#memo
    const number = this.#options[depth]?.[this.#indices[depth] ?? 0] ?? 0
    this.#nodes[depth] = this.#node
    if (this.#node >= 0) {
      if (!memo.noteRead(this.#node, unit)) throw this.#nondeterminism(depth, unit, memo.next(this.#node))
      this.#node = memo.reach(this.#node, this.#keyOf(unit, number))
    }
    this.#stamps[unit] = this.#run
    this.#chosen[unit] = number
    return number
  }

  decideReached(): number {
    return this.decide(this.#marksUnit)
  }

  /** Ends a run. @throws ToolError of kind usage when the check has read less, or said something else, than before */
  end(outcome: number): void {
    if (this.#cursor < this.#length) {
      throw this.#nondeterminism(this.#cursor, -1, this.#units[this.#cursor] ?? -1)
    }
    if (this.#node < 0 || this.#memo.noteEnd(this.#node, outcome)) return
    throw this.#nondeterminism(this.#cursor, -1, this.#memo.next(this.#node))
  }

  /** Moves on to the next choices; false when there are none. */
  next(): boolean {
    for (let depth = this.#length - 1; depth >= 0; depth--) {
      const index = (this.#indices[depth] ?? 0) + 1
      if (index >= (this.#options[depth]?.length ?? 0)) continue
      this.#indices[depth] = index
      this.#length = depth + 1
      return true
    }
    return false
  }

  /** What the units read in the last run, or in the one recalled, show: numbers of the content store. */
  choices(): Map<number, number> {
    const choices = new Map<number, number>()
    for (let depth = 0; depth < this.#length; depth++) {
      const unit = this.#units[depth] ?? 0
      if (unit !== this.#marksUnit) choices.set(unit, this.#options[depth]?.[this.#indices[depth] ?? 0] ?? 0)
    }
    return choices
  }

  #childOf(depth: number): number {
    const node = this.#nodes[depth] ?? -1
    if (node < 0) return -1
    const number = this.#options[depth]?.[this.#indices[depth] ?? 0] ?? 0
    return this.#memo.find(node, this.#keyOf(this.#units[depth] ?? 0, number))
  }

  #keyOf(unit: number, number: number): number {
    return unit === this.#marksUnit ? number : this.#model.contents.classOf(unit, number)
  }

  #push(unit: number): number {
    const depth = this.#length++
    if (depth === this.#units.length) this.#grow()
    this.#options[depth] = this.#optionsOf(unit, depth)
    this.#units[depth] = unit
    this.#indices[depth] = 0
    return depth
  }

  #optionsOf(unit: number, depth: number): Int32Array {
    if (unit === this.#marksUnit) return Int32Array.of(this.#point.reached)
    if (!this.#isTied) return this.#distinct(unit)
    const all = this.#point.contents(unit)
    const free = all.filter((number) => {
      for (let i = 0; i < depth; i++) {
        const other = this.#units[i] ?? 0
        if (other === this.#marksUnit) continue
        const beside = this.#options[i]?.[this.#indices[i] ?? 0] ?? 0
        if (this.#point.conflicts(unit, number, other, beside)) return false
      }
      return true
    })
    invariant(free.length > 0, `unit ${unit} can show nothing at point ${this.#point.event}`)
    return free
  }

  /** Where nothing binds units together, contents with the same bytes are one choice: the one that loses least. */
  #distinct(unit: number): Int32Array {
    const known = this.#lists[unit]
    if (known !== undefined && this.#listPoints[unit] === this.#point.event) return known
    const all = this.#point.contents(unit)
    const classes = Array.from(all, (number) => this.#keyOf(unit, number))
    const list = all.filter((_, i) => classes.indexOf(classes[i] ?? 0) === i)
    this.#lists[unit] = list
    this.#listPoints[unit] = this.#point.event
    return list
  }

  #grow(): void {
    const wider = (column: Int32Array): Int32Array<ArrayBuffer> => {
      const copy = new Int32Array(column.length * 2)
      copy.set(column)
      return copy
    }
    this.#units = wider(this.#units)
    this.#indices = wider(this.#indices)
    this.#nodes = wider(this.#nodes)
  }

  #nondeterminism(depth: number, read: number, before: number): ToolError {
    const name = (unit: number): string => {
      if (unit < 0) return 'nothing more'
      if (unit === this.#marksUnit) return 'the marks'
      return `sector ${this.#model.units.firstSectorOf(unit)}`
    }
    const same = Array.from(this.#units.subarray(0, depth), name)
    const [now, then] = [[...same, name(read)].join(', '), [...same, name(before)].join(', ')]
    const what = now === then ? `it read ${now} both times and came to another verdict` : `it read ${then}; then ${now}`
    return new ToolError('usage', 'E_CHECK_NOT_DETERMINISTIC', `the check is not deterministic: ${what}`, {
      hint: 'Given the same bytes and marks it has to read the same: no time, no random numbers, nothing kept between runs.',
    })
  }
}
