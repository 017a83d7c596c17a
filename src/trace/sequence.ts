import {SECTOR_BYTES} from '../base/index.js'
import {kindOfType, STATUS_OK} from '../request/index.js'
import type {CompleteEvent, StartEvent, SubmitEvent} from './event.js'
import type {TracedEvent} from './traced.js'

interface OpenRequest {
  readonly submit: SubmitEvent
  started: boolean
}

/**
 * Checks that events can have happened to an image, one after the other, in this order: ids ascend, a request is submitted
 * before it starts and starts before it does its work, every request and sync ends at most once, and what was started lies inside
 * the image. A request that was refused may have asked for anything. Remembers what is in flight, and no more.
 */
export class Sequence {
  readonly #sizeBytes: number
  readonly #open = new Map<number, OpenRequest>()
  readonly #syncs = new Set<number>()
  #lastId = 0
  #lastSync = 0

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes
  }

  /** What is wrong with the next event, as the end of a sentence; undefined when nothing is. */
  fault({event}: TracedEvent): string | undefined {
    switch (event.kind) {
      case 'submit':
        return this.#submitFault(event)
      case 'start':
        return this.#startFault(event)
      case 'complete':
        return this.#completeFault(event)
      case 'sync-start':
        if (event.sync <= this.#lastSync) return `host sync ${event.sync} starts after host sync ${this.#lastSync}`
        this.#lastSync = event.sync
        this.#syncs.add(event.sync)
        return undefined
      case 'sync-end':
        return this.#syncs.delete(event.sync) ? undefined : `host sync ${event.sync} ends and has not started`
      case 'mark':
        return undefined
    }
  }

  #submitFault(event: SubmitEvent): string | undefined {
    const {id} = event
    if (id <= this.#lastId) {
      const twice = this.#open.has(id) || id === this.#lastId
      return twice
        ? `request ${id} is submitted twice`
        : `request ${id} is submitted after request ${this.#lastId}: ids ascend and are never used again`
    }
    this.#lastId = id
    this.#open.set(id, {submit: event, started: false})
    return undefined
  }

  #startFault({id}: StartEvent): string | undefined {
    const request = this.#open.get(id)
    if (request === undefined) return `request ${id} starts and ${this.#whyClosed(id)}`
    if (request.started) return `request ${id} starts twice`
    request.started = true
    return rangeFault(request.submit, this.#sizeBytes)
  }

  #completeFault({id, status}: CompleteEvent): string | undefined {
    const request = this.#open.get(id)
    if (request === undefined) return `request ${id} completes and ${this.#whyClosed(id)}`
    this.#open.delete(id)
    return status === STATUS_OK ? rangeFault(request.submit, this.#sizeBytes) : undefined
  }

  #whyClosed(id: number): string {
    return id <= this.#lastId ? 'is not in flight: it has completed, or was never submitted' : 'was never submitted'
  }
}

/** Data and segments are whole sectors of the image; so is what a command changes. */
function rangeFault({id, type, plan, offsetBytes, lengthBytes}: SubmitEvent, sizeBytes: number): string | undefined {
  const kind = plan?.kind ?? kindOfType(type)
  const touches = kind !== undefined && (kind.operands === 'data' || kind.operands === 'segment' || kind.writes)
  if (!touches) return undefined
  if (offsetBytes + lengthBytes > sizeBytes) {
    return `request ${id} (${offsetBytes}+${lengthBytes}) lies outside the image, which has ${sizeBytes} bytes`
  }
  if (offsetBytes % SECTOR_BYTES !== 0 || lengthBytes % SECTOR_BYTES !== 0) {
    return `request ${id} (${offsetBytes}+${lengthBytes}) is not whole sectors of ${SECTOR_BYTES} bytes`
  }
  return undefined
}
