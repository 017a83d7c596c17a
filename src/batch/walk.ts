import {sizeOf, type Frame} from './expression.js'
import type {StartOf} from './partition.js'
import {fault} from './place.js'
import type {LeafNode, Program, ProgramNode} from './program.js'

/** Called for every statement of the expanded batch, in order; answers false to stop the walk. */
export type Visit = (node: LeafNode, frame: Frame) => boolean

interface MutableFrame extends Frame {
  readonly counters: number[]
}

/**
 * Expands every REPEAT. The frame is one object that moves along: read it during the call.
 *
 * @throws ToolError of kind usage when a count is 0 or its arithmetic goes wrong, and whatever the visit throws
 */
export function walk(program: Program, sourceName: string, visit: Visit, startOf?: StartOf): void {
  const frame: MutableFrame = {sourceName, line: 0, counters: [], startOf}
  walkNodes(program.nodes, frame, visit)
}

function walkNodes(nodes: readonly ProgramNode[], frame: MutableFrame, visit: Visit): boolean {
  for (const node of nodes) {
    frame.line = node.line
    if (node.kind !== 'repeat') {
      if (!visit(node, frame)) return false
      continue
    }
    const count = sizeOf(node.count, 'count', frame)
    if (count === 0)
      throw fault(frame, node.count.column, 'REPEAT 0 does nothing', 'Remove it, or repeat at least once.')
    const level = frame.counters.length
    for (let i = 0; i < count; i++) {
      frame.counters[level] = i
      if (!walkNodes(node.body, frame, visit)) return false
    }
    frame.counters.pop()
  }
  return true
}
