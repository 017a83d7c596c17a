/** A value with at most this many values in it (one request, one range) is written in one go: that is much faster. */
const WHOLE_VALUES = 64
const INDENT = '  '

/** Exact or a string: a number that a reader would round is not written as a number. */
function jsonable(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  const safe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
  return safe ? Number(value) : String(value)
}

/** One line of JSON. A bigint becomes a number when that is exact, else a string of its digits. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, jsonable) ?? 'null'
}

/**
 * The JSON of a value, indented by two, in pieces. Promises the text that JSON.stringify(value, null, 2) would give, plus
 * the final line break, but for two things: a bigint becomes a number when that is exact, else a string of its digits,
 * and the text may be longer than the longest string there can be.
 */
export function* jsonText(value: unknown): Generator<string> {
  yield* pieces(value, '')
  yield '\n'
}

function* pieces(value: unknown, indent: string): Generator<string> {
  if (!isContainer(value) || valuesIn(value, WHOLE_VALUES) <= WHOLE_VALUES) {
    yield whole(value, indent)
    return
  }
  const inner = indent + INDENT
  const isArray = Array.isArray(value)
  let opened = false
  for (const [key, item] of isArray ? value.entries() : Object.entries(value)) {
    if (!isArray && isUnwritable(item)) continue
    yield `${opened ? ',' : isArray ? '[' : '{'}\n${inner}${isArray ? '' : `${JSON.stringify(key)}: `}`
    yield* pieces(item, inner)
    opened = true
  }
  if (opened) yield `\n${indent}${isArray ? ']' : '}'}`
  else yield isArray ? '[]' : '{}'
}

/** JSON has no word for these: JSON.stringify leaves out such a field. */
function isUnwritable(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
}

function isContainer(value: unknown): value is readonly unknown[] | Record<string, unknown> {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
}

/** How many values a container holds, itself included and at any depth; counting ends soon after `limit`. */
function valuesIn(container: object, limit: number): number {
  let count = 1
  for (const key in container) {
    const item = (container as Record<string, unknown>)[key]
    count += typeof item === 'object' && item !== null ? valuesIn(item, limit - count) : 1
    if (count > limit) return count
  }
  return count
}

/** Raw line breaks in JSON text only ever separate values: inside strings they are escaped. */
function whole(value: unknown, indent: string): string {
  const text = stringified(value) ?? 'null'
  return indent === '' ? text : text.replaceAll('\n', `\n${indent}`)
}

/** Without a function to call for each value it takes a third of the time, and few values hold a bigint. */
function stringified(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, undefined, INDENT)
  } catch {
    return JSON.stringify(value, jsonable, INDENT)
  }
}
