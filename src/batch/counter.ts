import {fault, type Scope} from './place.js'

/** `${i}`, `${i1}` ...: the counter of a REPEAT, counted from the innermost. Sticky: set lastIndex before exec. */
export const COUNTER = /\$\{i(0|[1-9]\d?)?\}/y

/** The level a counter names: 0 for the innermost REPEAT. @throws ToolError of kind usage when no REPEAT is there */
export function levelOf(digits: string | undefined, column: number, scope: Scope): number {
  const level = Number(digits ?? '0')
  if (level >= scope.loops) {
    const found = scope.loops === 0 ? 'no REPEAT encloses this line' : `REPEATs around this line: ${scope.loops}`
    throw fault(
      scope,
      column,
      `${counterText(level)} has no REPEAT to count: ${found}`,
      '${i} counts the innermost REPEAT from 0, ${i1} the one around it.',
    )
  }
  return level
}

/** The counter of a level as it is written. */
export function counterText(level: number): string {
  return level === 0 ? '${i}' : `\${i${level}}`
}

/** The value of a counter. @param counters outermost REPEAT first */
export function counterValue(level: number, counters: readonly number[]): number {
  return counters[counters.length - 1 - level] ?? 0
}

/** For messages: " (with ${i} = 3, ${i1} = 0)", or nothing outside every REPEAT. */
export function countersText(counters: readonly number[]): string {
  if (counters.length === 0) return ''
  const values = counters.map((_, level) => `${counterText(level)} = ${counterValue(level, counters)}`)
  return ` (with ${values.join(', ')})`
}
