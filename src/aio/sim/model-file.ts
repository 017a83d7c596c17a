import {ToolError} from '../../base/index.js'
import {DISK_MODELS, type DiskModel} from './disk-model.js'

type Field = keyof DiskModel

interface Rule {
  readonly says: string
  readonly holds: (value: unknown) => boolean
}

/** A quarter of an hour and more; sums of such times stay whole numbers of nanoseconds. */
const NS_MAX = 1e12
const BYTES_MAX = 2 ** 40
const CHANNELS_MAX = 65_536

function whole(least: number, most: number, says: string): Rule {
  const holds = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= least && Number(value) <= most
  return {says, holds}
}

const NS = whole(0, NS_MAX, 'a whole number of nanoseconds from 0 to 1e12')
const SPEED: Rule = {
  says: 'a number of bytes per second from 1 to 1e15',
  holds: (value) => typeof value === 'number' && value >= 1 && value <= 1e15,
}
const FLAG: Rule = {says: 'true or false', holds: (value) => typeof value === 'boolean'}

const RULES: Readonly<Record<Field, Rule>> = {
  name: {says: 'a text of at least one character', holds: (value) => typeof value === 'string' && value !== ''},
  channels: whole(1, CHANNELS_MAX, `a whole number from 1 to ${CHANNELS_MAX}`),
  scheduling: {says: '"fifo" or "shortest-seek"', holds: (value) => value === 'fifo' || value === 'shortest-seek'},
  roundTripNs: NS,
  commandNs: NS,
  trackToTrackNs: NS,
  fullStrokeNs: NS,
  rotationNs: NS,
  mediumBytesPerSecond: SPEED,
  interfaceBytesPerSecond: SPEED,
  cacheBytes: whole(0, BYTES_MAX, 'a whole number of bytes from 0 to 2^40'),
  flushNs: NS,
  flushAlone: FLAG,
  hasFua: FLAG,
  fuaNs: NS,
  hostCallNs: NS,
  memoryBytesPerSecond: SPEED,
}

/** A disk that costs nothing but its transfers; a disk without speeds would be no disk. */
const LEAST: Omit<DiskModel, 'name' | 'mediumBytesPerSecond' | 'interfaceBytesPerSecond'> = {
  channels: 1,
  scheduling: 'fifo',
  roundTripNs: 0,
  commandNs: 0,
  trackToTrackNs: 0,
  fullStrokeNs: 0,
  rotationNs: 0,
  cacheBytes: 0,
  flushNs: 0,
  flushAlone: false,
  hasFua: false,
  fuaNs: 0,
  hostCallNs: 1_000,
  memoryBytesPerSecond: 10e9,
}

/**
 * Reads a disk model from JSON: an object with the fields of DiskModel. `"like": "ssd"` takes the fields that are not given
 * from that row. Without it the speeds of medium and interface have to be given, host costs are those of the rows, and
 * every other field is 0, one, `fifo` or false. The name is sourceName unless one is given.
 *
 * @param sourceName where the text comes from, for messages
 * @throws ToolError of kind format, code E_DISK_MODEL, with field, value and what to write instead
 */
export function readDiskModel(text: string, sourceName: string): DiskModel {
  const given = fieldsOf(text, sourceName)
  const base = given.has('like') ? rowLike(given.get('like'), sourceName) : LEAST
  given.delete('like')
  for (const [field, value] of given) checkField(field, value, sourceName)
  const model: Partial<DiskModel> = {...base, name: sourceName, ...Object.fromEntries(given)}
  checkWhole(model, sourceName)
  return model
}

function fieldsOf(text: string, sourceName: string): Map<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw refused(`${sourceName}: the disk model is not JSON: ${why}`, 'Write one JSON object.', cause)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Map(Object.entries(value))
  throw refused(
    `${sourceName}: the disk model is ${shown(value)}, not an object`,
    'Write {"like": "ssd"} to begin with.',
  )
}

function rowLike(value: unknown, sourceName: string): DiskModel {
  const row = DISK_MODELS.find(({name}) => name === value)
  if (row) return row
  const names = DISK_MODELS.map(({name}) => `"${name}"`).join(', ')
  throw refused(`${sourceName}: like is ${shown(value)}, which is no disk model`, `Write one of ${names}.`)
}

function checkField(field: string, value: unknown, sourceName: string): void {
  const rule = Object.entries(RULES).find(([name]) => name === field)?.[1]
  if (!rule) {
    const hint = `Remove it, or use one of like, ${Object.keys(RULES).join(', ')}.`
    throw refused(`${sourceName}: a disk model has no field ${shown(field)} (here ${shown(value)})`, hint)
  }
  if (!rule.holds(value)) throw refused(`${sourceName}: ${field} is ${shown(value)}`, `Write ${rule.says}.`)
}

/** What only all fields together can get wrong. */
function checkWhole(model: Partial<DiskModel>, sourceName: string): asserts model is DiskModel {
  for (const field of ['mediumBytesPerSecond', 'interfaceBytesPerSecond'] as const) {
    if (model[field] !== undefined) continue
    throw refused(`${sourceName}: ${field} is missing`, `Write ${SPEED.says}, or "like" with the name of a disk model.`)
  }
  const {trackToTrackNs = 0, fullStrokeNs = 0} = model
  if (trackToTrackNs <= fullStrokeNs) return
  const what = `${sourceName}: trackToTrackNs is ${trackToTrackNs}, longer than fullStrokeNs (${fullStrokeNs})`
  throw refused(what, 'Write the time of the longest seek as fullStrokeNs.')
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`
}

function refused(message: string, hint: string, cause?: unknown): ToolError {
  return new ToolError('format', 'E_DISK_MODEL', message, {hint, cause})
}
