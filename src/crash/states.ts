import {ToolError} from '../base/index.js'
import type {Content} from './contents.js'
import type {CrashModel} from './model.js'
import type {CrashPoint} from './point.js'

/**
 * One image that a crash may leave: a point, and for every unit that does not show what it would if everything submitted had reached
 * the medium, which of `CrashPoint.contents` it shows.
 */
export interface CrashState {
  readonly point: CrashPoint
  /** Unit -> index in its contents; never 0. Units ascend. */
  readonly choices: ReadonlyMap<number, number>
}

/** What a unit shows in a state, as a number of the content store. */
export function shownBy({point, choices}: CrashState, unit: number): number {
  return point.contents(unit)[choices.get(unit) ?? 0] ?? 0
}

/** The bytes of one sector in a state. Shared: not to be written to. */
export function sectorOf(state: CrashState, sector: number): Uint8Array {
  const {units, contents} = state.point.model
  const unit = units.unitOf(sector)
  return unit < 0 ? contents.untouched(sector) : contents.sector(unit, shownBy(state, unit), sector)
}

/** What every unit that a crash leaves undecided, or that a write touched, shows: for tables of images. */
export function shownIn(state: CrashState): {readonly unit: number; readonly content: Content}[] {
  const {units, contents} = state.point.model
  return Array.from({length: units.count}, (_, unit) => ({unit, content: contents.content(unit, shownBy(state, unit))}))
}

/**
 * The image that shows the given contents (numbers of the content store) and loses nothing else: every other unit shows the first of
 * its contents that goes with those chosen before.
 */
export function completed(point: CrashPoint, chosen: ReadonlyMap<number, number>): CrashState {
  const choices = new Map<number, number>()
  for (const [unit, number] of chosen) {
    const index = point.contents(unit).indexOf(number)
    if (index > 0) choices.set(unit, index)
  }
  if (point.isTied) {
    // First contents go with each other, so that only what shows another one has to be asked.
    const others = new Map([...chosen].filter(([unit, number]) => point.contents(unit)[0] !== number))
    for (let unit = 0; unit < point.model.units.count; unit++) {
      if (chosen.has(unit)) continue
      const numbers = point.contents(unit)
      const index = numbers.findIndex((number) => goesWith(point, unit, number, others))
      if (index <= 0) continue
      choices.set(unit, index)
      others.set(unit, numbers[index] ?? 0)
    }
  }
  return {point, choices: new Map([...choices].toSorted(([a], [b]) => a - b))}
}

function goesWith(point: CrashPoint, unit: number, number: number, others: ReadonlyMap<number, number>): boolean {
  for (const [other, beside] of others) {
    if (other !== unit && point.conflicts(unit, number, other, beside)) return false
  }
  return true
}

/** Whether the choices are those of one image: the order of the device may rule some out together. */
function isImage({point, choices}: CrashState): boolean {
  if (!point.isTied) return true
  const others = new Map([...choices].map(([unit, index]) => [unit, point.contents(unit)[index] ?? 0]))
  for (let unit = 0; unit < point.model.units.count; unit++) {
    if (!goesWith(point, unit, shownBy({point, choices}, unit), others)) return false
  }
  return true
}

/**
 * A text for a state, the same for the same trace, options and image: the point, a fingerprint, and the choices, in base 36;
 * neighbouring units that chose alike are written once.
 */
export function stateId({point, choices}: CrashState): string {
  const parts: string[] = []
  let run: {from: number; length: number; choice: number} | undefined
  const close = (): void => {
    if (run === undefined) return
    const length = run.length > 1 ? `~${run.length.toString(36)}` : ''
    parts.push(`-${run.from.toString(36)}${length}.${run.choice.toString(36)}`)
  }
  for (const [unit, choice] of choices) {
    if (run !== undefined && run.choice === choice && run.from + run.length === unit) run.length++
    else {
      close()
      run = {from: unit, length: 1, choice}
    }
  }
  close()
  return `${point.event}-${point.model.fingerprint}${parts.join('')}`
}

const ID = /^(\d+)-([0-9a-z]+)((?:-[0-9a-z]+(?:~[0-9a-z]+)?\.[0-9a-z]+)*)$/

/** The state behind an id. @throws ToolError of kind usage for one that this trace under these options has not */
export function stateOfId(model: CrashModel, id: string): CrashState {
  const [, event, fingerprint, list] = ID.exec(id) ?? []
  if (event === undefined || fingerprint === undefined || list === undefined) throw badId(id, 'is not a state id')
  if (fingerprint !== model.fingerprint) throw badId(id, 'belongs to another trace or to other options')
  if (Number(event) > model.lastPoint) throw badId(id, 'names a point the trace does not have')
  const point = model.at(Number(event))
  const choices = new Map<number, number>()
  for (const part of list.split('-').slice(1)) {
    const [units = '', choice = ''] = part.split('.')
    const [from = '', length = '1'] = units.split('~')
    const [first, count, index] = [from, length, choice].map((digits) => Number.parseInt(digits, 36))
    for (let unit = first ?? 0; unit < (first ?? 0) + (count ?? 0); unit++) {
      const isContent = unit < model.units.count && index !== 0 && (index ?? 0) < point.contents(unit).length
      if (!isContent) throw badId(id, 'names no image')
      choices.set(unit, index ?? 0)
    }
  }
  if (!isImage({point, choices})) throw badId(id, 'names no image')
  return {point, choices}
}

function badId(id: string, why: string): ToolError {
  return new ToolError('usage', 'E_STATE', `state ${id} ${why}`, {
    hint: 'List the states with the same trace and the same options.',
  })
}
