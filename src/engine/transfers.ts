import {memoryIfAny, type Backend, type Memory} from '../aio/index.js'
import {ERRNO, isMultipleOf} from '../base/index.js'
import {
  STEP_NONE,
  STEP_PUNCH,
  STEP_READ,
  STEP_WRITE,
  STEP_ZERO,
  type Plan,
  type RequestKind,
  type StepOp,
} from '../request/index.js'
import {Bounce} from './bounce.js'
import type {Slots} from './slots.js'

/** The data is on its way: a completion will tell. */
export const MOVING = -1
/** The backend had no room for the next step: retry() it later. */
export const BLOCKED = -2
/** All of it has been moved. Any number above is the errno that ended it. */
export const MOVED = 0

/** Zeroes are written from here, again and again, when the backend cannot make them in place. */
const ZEROES_BYTES = 1 << 20

/**
 * Moves the data of requests, each as one transfer after the other: goes on after short reads and writes, retries what was
 * interrupted, carries what is finer than the alignment through a bounce, writes zeroes where they cannot be made in place. Knows
 * no barrier and no sync. Every method answers MOVING, BLOCKED, MOVED or a positive errno.
 */
export class Transfers {
  readonly #slots: Slots
  readonly #backend: Backend
  readonly #dsyncsSteps: boolean
  readonly #alignmentBytes: number
  #zeroes: Memory | undefined

  /** @param dsyncsSteps stable writes are asked for step by step; otherwise the descriptor or a sync sees to it */
  constructor(slots: Slots, backend: Backend, alignmentBytes: number, dsyncsSteps: boolean) {
    this.#slots = slots
    this.#backend = backend
    this.#dsyncsSteps = dsyncsSteps
    this.#alignmentBytes = alignmentBytes
  }

  /** True when a slot's range does not start and end on the alignment. */
  isMisaligned(slot: number): boolean {
    const unit = this.#alignmentBytes
    return (
      !isMultipleOf(this.#slots.offsets[slot] as number, unit) ||
      !isMultipleOf(this.#slots.lengths[slot] as number, unit)
    )
  }

  /** How many steps a slot's data takes when each ends well: none, one, or 2 for several. */
  stepCount(slot: number, plan: Plan): 0 | 1 | 2 {
    const lengthBytes = this.#slots.lengths[slot] as number
    if (plan.step === STEP_NONE || lengthBytes === 0) return 0
    const inPlace = plan.step === STEP_ZERO ? this.#backend.canZero : this.#backend.canPunch
    if (plan.kind.operands === 'data') return this.isMisaligned(slot) ? 2 : 1
    if (inPlace) return 1
    if (plan.kind.name === 'DISCARD') return 0
    return this.isMisaligned(slot) || lengthBytes > ZEROES_BYTES ? 2 : 1
  }

  /** True while the step on its way is the last that the slot's data takes, should it end well. */
  isLastStep(slot: number): boolean {
    const slots = this.#slots
    if (slots.bounces[slot] !== undefined) return false
    const zeroes = slots.stepMemories[slot] !== undefined && slots.stepMemories[slot] === this.#zeroes
    return !zeroes || (slots.stepLengths[slot] as number) - (slots.stepDone[slot] as number) <= ZEROES_BYTES
  }

  /** Starts moving a slot's data. */
  start(slot: number, plan: Plan): number {
    const slots = this.#slots
    const lengthBytes = slots.lengths[slot] as number
    if (plan.step === STEP_NONE || lengthBytes === 0) return MOVED
    if ((plan.step === STEP_ZERO && !this.#backend.canZero) || (plan.step === STEP_PUNCH && !this.#backend.canPunch)) {
      return this.#withoutInPlace(slot, plan.kind)
    }
    const memoryOffset = slots.memoryOffsets[slot] as number
    if (plan.kind.operands === 'data' && this.isMisaligned(slot)) {
      return this.#startBounce(slot, slots.memories[slot], memoryOffset)
    }
    return this.#transfer(
      slot,
      plan.step,
      slots.memories[slot],
      memoryOffset,
      slots.offsets[slot] as number,
      lengthBytes,
    )
  }

  /** A step of the slot has ended. @param result bytes, or a negative errno */
  ended(slot: number, result: number): number {
    const slots = this.#slots
    if (result < 0) return this.#failed(slot, -result)
    const op = slots.steps[slot] as StepOp
    if (op === STEP_READ || op === STEP_WRITE) {
      const before = slots.stepDone[slot] as number
      let done = before + result
      if (done < (slots.stepLengths[slot] as number)) {
        // The rest would come behind what the tag was to keep behind it.
        if (slots.sealed[slot] === 1) return this.#failed(slot, ERRNO.EIO)
        // Short: go on from here. O_DIRECT can only go on from a multiple of the alignment.
        done -= done % this.#alignmentBytes
        if (done === before) return this.#failed(slot, ERRNO.EIO) // the image ends here, or the device gives up unasked
        slots.stepDone[slot] = done
        return this.retry(slot)
      }
    }
    const bounce = slots.bounces[slot]
    return bounce ? this.#nextOfBounce(slot, bounce) : MOVED
  }

  /** Queues what is left of a slot's transfer. */
  retry(slot: number): number {
    const slots = this.#slots
    const op = slots.steps[slot] as StepOp
    const done = slots.stepDone[slot] as number
    const memory = slots.stepMemories[slot]
    const zeroes = memory !== undefined && memory === this.#zeroes
    const left = (slots.stepLengths[slot] as number) - done
    const queued = this.#backend.queue(
      op,
      slot,
      memory,
      zeroes ? 0 : (slots.stepMemoryOffsets[slot] as number) + done,
      (slots.stepOffsets[slot] as number) + done,
      zeroes ? Math.min(left, ZEROES_BYTES) : left,
      this.#dsyncsSteps && op === STEP_WRITE && slots.plans[slot]?.dsync === true,
      slots.plans[slot]?.tags === true,
    )
    return queued ? MOVING : BLOCKED
  }

  /** Gives memory back. Nothing may be moving. */
  close(): void {
    this.#zeroes?.free()
    this.#zeroes = undefined
  }

  #failed(slot: number, errno: number): number {
    const op = this.#slots.steps[slot] as StepOp
    const isInPlace = op === STEP_ZERO || op === STEP_PUNCH
    // EINVAL: a block device whose logical blocks are larger than the range; writing carries what is finer.
    const cannot = isInPlace && (errno === ERRNO.EOPNOTSUPP || errno === ERRNO.EINVAL)
    const {kind} = this.#slots.plans[slot] as Plan
    // What is sealed has had its place in the order and cannot be done again; a discard may be left undone.
    if (this.#slots.sealed[slot] === 1) return cannot && kind.name === 'DISCARD' ? MOVED : errno
    if (errno === ERRNO.EINTR || errno === ERRNO.EAGAIN) return this.retry(slot)
    if (cannot) return this.#withoutInPlace(slot, kind)
    this.#dropBounce(slot)
    return errno
  }

  /** Zeroes that cannot be made in place are written; a discard that cannot be done is not done (it promises nothing). */
  #withoutInPlace(slot: number, kind: RequestKind): number {
    if (kind.name === 'DISCARD') return MOVED
    if (this.isMisaligned(slot)) return this.#startBounce(slot, undefined, 0)
    this.#zeroes ??= this.memoryOf(ZEROES_BYTES)
    if (!this.#zeroes) return ERRNO.ENOMEM
    const lengthBytes = this.#slots.lengths[slot] as number
    return this.#transfer(slot, STEP_WRITE, this.#zeroes, 0, this.#slots.offsets[slot] as number, lengthBytes)
  }

  #startBounce(slot: number, memory: Memory | undefined, memoryOffset: number): number {
    const slots = this.#slots
    const lengthBytes = slots.lengths[slot] as number
    const piece = this.memoryOf(Bounce.memoryBytes(this.#alignmentBytes, slots.offsets[slot] as number, lengthBytes))
    if (!piece) return ERRNO.ENOMEM
    const bounce = new Bounce(
      piece,
      this.#alignmentBytes,
      slots.offsets[slot] as number,
      lengthBytes,
      slots.plans[slot]?.kind.writes === true,
      memory?.bytes.subarray(memoryOffset, memoryOffset + lengthBytes),
    )
    slots.bounces[slot] = bounce
    return this.#nextOfBounce(slot, bounce)
  }

  /** Memory of our own; undefined when there is none, which fails the request and not the process. */
  memoryOf(bytes: number): Memory | undefined {
    return memoryIfAny(() => this.#backend.createMemory(bytes))
  }

  #nextOfBounce(slot: number, bounce: Bounce): number {
    const next = bounce.next()
    if (next) {
      return this.#transfer(slot, next.op, bounce.memory, next.memoryOffset, next.offsetBytes, next.lengthBytes)
    }
    this.#dropBounce(slot)
    return MOVED
  }

  #dropBounce(slot: number): void {
    this.#slots.bounces[slot]?.free()
    this.#slots.bounces[slot] = undefined
  }

  #transfer(
    slot: number,
    op: StepOp,
    memory: Memory | undefined,
    memoryOffset: number,
    offsetBytes: number,
    lengthBytes: number,
  ): number {
    const slots = this.#slots
    slots.steps[slot] = op
    slots.stepMemories[slot] = memory
    slots.stepMemoryOffsets[slot] = memoryOffset
    slots.stepOffsets[slot] = offsetBytes
    slots.stepLengths[slot] = lengthBytes
    slots.stepDone[slot] = 0
    return this.retry(slot)
  }
}
