import {
  FLAG_BARRIER,
  FLAG_BARRIER_BIT,
  FLAG_FUA,
  FLAG_ON,
  FLAG_PREFLUSH,
  FLAG_UNMAP,
  kindOfType,
  OPERAND_FLAGS_SHIFT,
  RANGE_AFTER,
  RANGE_ALL,
  RANGE_BEFORE,
  RANGE_SYNC,
  REQUEST_KINDS,
  WISH_KINDS,
} from '../request/index.js'

type Names = readonly (readonly [bit: number, name: string])[]

const MODIFIERS: Names = [
  [FLAG_PREFLUSH, 'PREFLUSH'],
  [FLAG_FUA, 'FUA'],
  [FLAG_BARRIER, 'BARRIER'],
  [FLAG_BARRIER_BIT, 'BARRIER_BIT'],
]
const OF_RANGE: Names = [
  [RANGE_SYNC, 'SYNC'],
  [RANGE_ALL, 'ALL'],
  [RANGE_BEFORE, 'BEFORE'],
  [RANGE_AFTER, 'AFTER'],
]
const OF_SWITCH: Names = [[FLAG_ON, 'ON']]
const OF_OTHERS: Names = [[FLAG_UNMAP, 'UNMAP']]

/** The names of flags that a request of this type can have. */
function namesFor(type: number): Names {
  const operands = kindOfType(type)?.operands
  const own = operands === 'range' ? OF_RANGE : operands === 'switch' ? OF_SWITCH : OF_OTHERS
  return [...MODIFIERS, ...own]
}

/** The flags of a request by name; what has no name as "SEGMENT_FLAGS=0x...", the number as it is on the wire. */
export function flagNames(type: number, flags: number): string[] {
  const names = namesFor(type)
  const named = names.flatMap(([bit, name]) => (flags & bit ? [name] : []))
  const rest = names.reduce((left, [bit]) => left & ~bit, flags) >>> OPERAND_FLAGS_SHIFT
  return rest === 0 ? named : [...named, `SEGMENT_FLAGS=0x${rest.toString(16)}`]
}

/** The flags with these names; undefined when one of them does not exist for the type. */
export function flagsOf(type: number, names: readonly string[]): number | undefined {
  let flags = 0
  for (const name of names) {
    const bit = namesFor(type).find(([, known]) => known === name.toUpperCase())?.[0]
    const rest = /^SEGMENT_FLAGS=(0x[0-9a-f]{1,7})$/i.exec(name)?.[1]
    if (bit === undefined && rest === undefined) return undefined
    flags |= bit ?? Number(rest) << OPERAND_FLAGS_SHIFT
  }
  return flags
}

/** "OUT", or "TYPE 77" for a number no device knows. */
export function requestName(type: number): string {
  return kindOfType(type)?.name ?? `TYPE ${type}`
}

/** The type number of a name that requestName gives; undefined for any other text. */
export function typeOfName(name: string): number | undefined {
  const known = [...REQUEST_KINDS, ...WISH_KINDS].find((kind) => kind.name === name.toUpperCase())
  if (known !== undefined) return known.type
  const number = /^TYPE (\d{1,10})$/i.exec(name)?.[1]
  return number === undefined ? undefined : Number(number)
}
