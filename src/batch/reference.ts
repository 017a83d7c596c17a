import {ToolError} from '../base/index.js'
import {countersText} from './counter.js'
import type {Frame} from './expression.js'
import {expandName, type NameSyntax} from './name.js'
import {nearest} from './nearest.js'
import {fault} from './place.js'
import {STATEMENTS_MAX, type Program} from './program.js'
import {walk} from './walk.js'

interface Definition {
  readonly line: number
  readonly after: readonly string[]
}

/** Every name a batch gives, found without working out anything else. */
interface Names {
  readonly requests: ReadonlyMap<string, Definition>
  readonly marks: ReadonlySet<string>
}

/**
 * Why `after=` or `depends=` names nothing that came before: an unknown name, a later one, or a circle. Slow (it walks the whole batch):
 * called once, for the error that ends the run.
 *
 * @param own the name of the request that waits, if it has one
 */
export function unresolvedName(program: Program, frame: Frame, name: NameSyntax, own: string | undefined): ToolError {
  const wanted = expandName(name, frame)
  // The walk for the names has a frame of its own; the one given stays where the error is.
  const names = collectNames(program, frame.sourceName)
  const definition = names.requests.get(wanted)
  if (!definition) return unknownName(wanted, names, frame, name.column)
  const circle = own === undefined ? undefined : pathBetween(wanted, own, names.requests)
  if (own !== undefined && circle) {
    return fault(
      frame,
      name.column,
      `requests wait for each other in a circle: ${circleText([own, ...circle])}`,
      'A request can only wait for earlier ones.',
    )
  }
  return fault(
    frame,
    name.column,
    `"${wanted}" is defined later, on line ${definition.line}${countersText(frame.counters)}`,
    'A request can only wait for earlier ones: move it up, or swap the two.',
  )
}

function unknownName(wanted: string, names: Names, frame: Frame, column: number): ToolError {
  let hint = `Name the request to wait for with as=${wanted}.`
  if (names.marks.has(wanted)) hint = 'It is a MARK: only requests can be waited for.'
  else {
    const meant = nearest(wanted, names.requests.keys())
    if (meant !== undefined) hint = `Did you mean ${meant}?`
  }
  return fault(frame, column, `no request is named "${wanted}"${countersText(frame.counters)}`, hint)
}

function collectNames(program: Program, sourceName: string): Names {
  const requests = new Map<string, Definition>()
  const marks = new Set<string>()
  let statements = 0
  try {
    walk(program, sourceName, (node, frame) => {
      if (++statements > STATEMENTS_MAX) return false
      if (node.kind === 'mark') marks.add(expandName(node.name, frame))
      if (node.kind === 'request' && node.options.as) {
        const own = expandName(node.options.as, frame)
        const waitedFor = [...node.options.after, ...node.options.depends].map((name) => expandName(name, frame))
        if (!requests.has(own)) requests.set(own, {line: node.line, after: waitedFor})
      }
      return true
    })
  } catch (error) {
    // A wrong REPEAT further down: the error being explained comes first, and the names up to here explain it.
    if (!(error instanceof ToolError)) throw error
  }
  return {requests, marks}
}

/** The names from `start` to `goal` along `after=` and `depends=`, both included, or undefined when none of them waits for the goal. */
function pathBetween(
  start: string,
  goal: string,
  requests: ReadonlyMap<string, Definition>,
): readonly string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[start, undefined]])
  const open = [start]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === goal) {
      const path: string[] = []
      for (let step: string | undefined = name; step !== undefined; step = cameFrom.get(step)) path.unshift(step)
      return path
    }
    for (const next of requests.get(name)?.after ?? []) {
      if (cameFrom.has(next)) continue
      cameFrom.set(next, name)
      open.push(next)
    }
  }
  return undefined
}

const CIRCLE_SHOWN_MAX = 10

function circleText(names: readonly string[]): string {
  if (names.length <= CIRCLE_SHOWN_MAX) return names.join(' -> ')
  return [...names.slice(0, CIRCLE_SHOWN_MAX - 2), '...', ...names.slice(-1)].join(' -> ')
}
