import {
  FLAG_BARRIER,
  FLAG_BARRIER_BIT,
  FLAG_FUA,
  FLAG_ON,
  FLAG_PREFLUSH,
  FLAG_UNMAP,
  FSYNC_RANGE,
  OPERAND_FLAGS_SHIFT,
  RANGE_AFTER,
  RANGE_ALL,
  RANGE_BEFORE,
  RANGE_SYNC,
  type RequestKind,
} from '../request/index.js'
import {sizeOf, type Frame} from './expression.js'
import type {RequestNode, RequestOptions} from './program.js'

/** The most that fits above the modifiers in a non-negative 32-bit integer, which is how flags travel. */
const SEGMENT_FLAGS_MAX = 2n ** BigInt(31 - OPERAND_FLAGS_SHIFT) - 1n

/**
 * The flags of a request: what its options ask for. A barrier on one side is a request of its own and leaves no flag here.
 *
 * @param barrierBit the BARRIER bit of a raw type was set
 * @throws ToolError of kind usage when the arithmetic of flags= goes wrong
 */
export function resolveFlags(
  node: RequestNode,
  kind: RequestKind | undefined,
  barrierBit: boolean,
  frame: Frame,
): number {
  const {options} = node
  if (kind === FSYNC_RANGE) return rangeFlags(options)
  const {fua, barrier, preflush, depends, unmap, segmentFlags} = options
  const raw = segmentFlags ? sizeOf(segmentFlags, 'flags', frame, SEGMENT_FLAGS_MAX) : 0
  return (
    (fua ? FLAG_FUA : 0) |
    (barrier?.side === 'both' ? FLAG_BARRIER : 0) |
    (preflush !== undefined || depends.length > 0 ? FLAG_PREFLUSH : 0) |
    (barrierBit ? FLAG_BARRIER_BIT : 0) |
    (unmap ? FLAG_UNMAP : 0) |
    (node.on === true ? FLAG_ON : 0) |
    (raw << OPERAND_FLAGS_SHIFT)
  )
}

function rangeFlags({sync, metadata, barrier}: RequestOptions): number {
  return (
    (sync ? RANGE_SYNC : 0) |
    (metadata?.which === 'all' ? RANGE_ALL : 0) |
    (barrier && barrier.side !== 'after' ? RANGE_BEFORE : 0) |
    (barrier && barrier.side !== 'before' ? RANGE_AFTER : 0)
  )
}
