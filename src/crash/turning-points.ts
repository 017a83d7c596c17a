import {STATUS_OK} from '../request/index.js'
import type {CompleteEvent} from '../trace/index.js'
import type {CrashModel} from './model.js'

/**
 * The points just before something that may take images away: a change of what is durable, a new bond between writes, a mark (behind
 * it the same images stand against more promises), and the end. Between two of them images are only added, so that the second has
 * all of the first. Source: semantics 8.10.
 */
export function pointsThatMatter(model: CrashModel): number[] {
  const points: number[] = []
  const presynced = new Set<number>()
  model.trace.events.forEach((_, point) => {
    const event = model.replay.steps[point]?.[0]
    if (event === undefined) return
    switch (event.kind) {
      case 'submit':
      case 'sync-start':
      case 'sync-end': // A failed sync makes nothing less possible.
        return
      case 'start':
        if (event.preSync) presynced.add(event.id)
        // An ordered tag binds what was issued around it.
        if (model.replay.ordering.tags) points.push(point)
        return
      case 'complete':
        if (settles(event, model, presynced.has(event.id))) points.push(point)
        return
      case 'mark':
        points.push(point)
        return
    }
  })
  return [...points, model.lastPoint]
}

/** Whether a completion can make something durable, or rule something out. */
function settles(event: CompleteEvent, {replay, options}: CrashModel, isPresynced: boolean): boolean {
  const plan = replay.plans.get(event.id)
  if (plan === undefined) return false
  const {kind} = plan
  if (kind.flushes || plan.preSync || plan.postSync || plan.tags || isPresynced || event.stable) return true
  if (!kind.writes) return false
  const isPlainSuccess = event.status === STATUS_OK && event.errno === 0
  const survivesByItself = options.kind === 'process' || (options.kind === 'os' && replay.mode.direct)
  return !isPlainSuccess || survivesByItself || options.device === 'fifo' || replay.ordering.tags
}
