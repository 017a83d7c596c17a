import type {RequestKind} from '../request/index.js'
import {fault, show, type Scope} from './place.js'

/**
 * Which side of a request a barrier stands on. `before`: what came earlier does not pass it; `after`: what comes later does not.
 * `both` is the plain option.
 */
export interface BarrierSyntax {
  readonly column: number
  readonly side: 'both' | 'before' | 'after'
}

/** True when a barrier of such a request may stand on one side only: there is something to stand beside. */
export function hasSides(kind: RequestKind): boolean {
  return kind.operands === 'data' || kind.operands === 'segment' || kind.operands === 'range'
}

/** Reads the value of `barrier`, empty when it has none. @throws ToolError of kind usage */
export function parseBarrier(value: string, column: number, scope: Scope): BarrierSyntax {
  if (value === '') return {column, side: 'both'}
  const side = value.toLowerCase()
  if (side === 'before' || side === 'after') return {column, side}
  const hint = 'Write barrier=before or barrier=after, or barrier alone for both sides.'
  throw fault(scope, column, `${show(value)} is no side of a barrier`, hint)
}

/** The option as text that parses back to it. */
export function printBarrier({side}: BarrierSyntax): string {
  return side === 'both' ? 'barrier' : `barrier=${side}`
}
