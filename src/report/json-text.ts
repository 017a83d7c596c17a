/** A value with at most this many values in it (one request, one range) is written in one go: that is much faster. */
const WHOLE_VALUES = 64
/** So many values of small items of a list are written in one go. */
const TOGETHER_VALUES = 512
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
  if (Array.isArray(value)) yield* itemPieces(value, indent)
  else yield* fieldPieces(value, indent)
}

/** Small items go together: a call for each of a million would take most of the time. */
function* itemPieces(items: readonly unknown[], indent: string): Generator<string> {
  const inner = indent + INDENT
  let lead = '['
  let from = 0
  let values = 0
  for (let to = 0; to <= items.length; to++) {
    const item = items[to]
    const count = isContainer(item) ? valuesIn(item, WHOLE_VALUES) : 1
    if (to < items.length && values + count <= TOGETHER_VALUES && count <= WHOLE_VALUES) {
      values += count
      continue
    }
    if (from < to) {
      // "[\n  item,\n  item\n]" less its brackets and the last line break.
      const text = whole(items.slice(from, to), indent)
      yield `${lead}${text.slice(1, -(indent.length + 2))}`
      lead = ','
    }
    if (to < items.length && count > WHOLE_VALUES) {
      yield `${lead}\n${inner}`
      yield* pieces(item, inner)
      lead = ','
      from = to + 1
      values = 0
    } else {
      from = to
      values = count
    }
  }
  yield `\n${indent}]`
}

function* fieldPieces(fields: Record<string, unknown>, indent: string): Generator<string> {
  const inner = indent + INDENT
  let opened = false
  for (const [key, item] of Object.entries(fields)) {
    if (isUnwritable(item)) continue
    yield `${opened ? ',' : '{'}\n${inner}${JSON.stringify(key)}: `
    yield* pieces(item, inner)
    opened = true
  }
  yield opened ? `\n${indent}}` : '{}'
}

/** JSON has no word for these: JSON.stringify leaves out such a field. */
function isUnwritable(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
}

function isContainer(value: unknown): value is unknown[] | Record<string, unknown> {
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
