import type {Backend} from '../aio/index.js'
import {ERRNO} from '../base/index.js'
import {trustsStableWrites, type CacheMode} from '../cache-mode/index.js'
import {
  FLAG_ON,
  NOTIFY,
  SET_WRITEBACK,
  STATUS_CANCELED,
  STATUS_IOERR,
  STATUS_OK,
  STATUS_UNSUPP,
  STEP_NONE,
  type DeviceFacts,
  type Plan,
} from '../request/index.js'
import type {Observer} from '../trace/index.js'
import {DoneRing} from './done-ring.js'
import {completeEvent, startEvent} from './events.js'
import type {EngineOptions} from './options.js'
import type {Plans} from './plans.js'
import {refusalOf} from './refusal.js'
import {DRAINING, FREE_ORDER, Schedule, TAGGED} from './schedule.js'
import type {ScsiTask, TaskStep} from './scsi-task.js'
import {PHASE_DATA, PHASE_DONE, PHASE_POST_SYNC, PHASE_PRE_SYNC, PHASE_QUEUED, type Slots} from './slots.js'
import {ORDERED_BEFORE, ORDERED_BEHIND, Syncs} from './syncs.js'
import {TaggedBarrier, type TaggedStep} from './tagged-barrier.js'
import {BLOCKED, MOVED, MOVING, Transfers} from './transfers.js'
import {Waits} from './waits.js'

/**
 * What becomes of accepted requests: starts each as barriers, dependencies, orders and overlaps allow, runs its steps (sync, data,
 * sync) one after the other, and puts it among the done ones.
 */
export class Execution {
  readonly schedule: Schedule
  readonly transfers: Transfers
  readonly syncs: Syncs
  readonly done: DoneRing
  readonly #device: DeviceFacts
  readonly #mode: CacheMode
  readonly #backend: Backend
  readonly #observer: Observer | undefined
  readonly #freshRanges: EngineOptions['freshRanges']
  readonly #id: Uint8Array
  readonly #alignmentBytes: number
  readonly #plans: Plans
  readonly #slots: Slots
  readonly #clock: {nowNs: number}
  /** A write that has to be stable is followed by a sync, because neither its step nor the descriptor can be trusted with it. */
  readonly #syncsAfterWrite: boolean
  readonly #waits: Waits
  /** Barriers may be tags: the schedule has to know which requests have nothing left to send. */
  readonly #hasTags: boolean
  readonly #tagged: TaggedBarrier
  /** Slots whose step the backend had no room for. */
  #blocked: number[] = []
  /** The slot whose command is being given its next step, or -1, and whether that step has ended already. */
  #taskInside = -1
  #taskGoesOn = false

  /** @param clock moved on here, whenever steps have ended */
  constructor(options: EngineOptions, slots: Slots, plans: Plans, clock: {nowNs: number}) {
    const {depth, backend, mode, ordering} = options
    this.#device = options.device
    this.#mode = mode
    this.#backend = backend
    this.#observer = options.observer
    this.#freshRanges = mode.direct && !mode.dsync ? options.freshRanges : undefined
    this.#id = options.id
    this.#alignmentBytes = options.alignmentBytes
    this.#plans = plans
    this.#slots = slots
    this.#clock = clock
    const trusted = trustsStableWrites(mode, depth)
    const dsyncsSteps = trusted && !mode.dsync && backend.canDsync
    this.#syncsAfterWrite = !dsyncsSteps && !(trusted && mode.dsync)
    this.#hasTags = ordering.tags
    this.schedule = new Schedule(depth)
    this.transfers = new Transfers(slots, backend, options.alignmentBytes, dsyncsSteps)
    this.syncs = new Syncs(clock, options)
    this.#tagged = new TaggedBarrier(this.syncs, this.transfers)
    this.done = new DoneRing(depth)
    // A driver that sends no flush sends none for an order either.
    const driverFlushes = options.link?.driverFlushes !== false
    this.#waits = new Waits(slots, this.syncs, !mode.noFlush && !mode.dsync && driverFlushes)
  }

  /**
   * A barrier whose data takes several steps, or that has no step at all, cannot be a tag: its steps would not stay together, or
   * nothing would keep the order. It drains instead. To be told before anybody sees the request.
   */
  drainUntaggable(slot: number, plan: Plan): void {
    const count = this.transfers.stepCount(slot, plan)
    if (count === 1 || (count === 0 && (plan.preSync || this.#syncsBehind(plan)))) return
    this.#slots.plans[slot] = {...plan, tags: false, drains: true}
  }

  /** Takes on a request that has been written down in its slot, and starts it when nothing holds it back. */
  accept(slot: number, after: readonly number[] | undefined): void {
    const waitsFor = this.#waits.register(slot, after)
    if (waitsFor < 0) {
      this.#complete(slot, STATUS_CANCELED, 0)
      return
    }
    this.#slots.phases[slot] = PHASE_QUEUED
    if (this.#mayStart(slot, waitsFor)) {
      this.#start(slot)
      if (this.schedule.queued > 0) this.dispatch()
    } else {
      this.#slots.held[slot] = 1
    }
  }

  /** Ends a request as CANCELED if it has not started. @returns false when it has */
  withdraw(slot: number): boolean {
    if (!this.schedule.withdraw(slot)) return false
    this.#complete(slot, STATUS_CANCELED, 0)
    return true
  }

  #mayStart(slot: number, waitsFor: number): boolean {
    const plan = this.#slots.planOf(slot)
    const order = plan?.drains === true ? DRAINING : plan?.tags === true ? TAGGED : FREE_ORDER
    if (plan === undefined || !plan.kind.writes) return this.schedule.accept(slot, order, waitsFor, 0, 0, false)
    const slots = this.#slots
    const unit = this.#alignmentBytes
    return this.schedule.accept(
      slot,
      order,
      waitsFor,
      slots.rewriteStart(slot, unit),
      slots.rewriteEnd(slot, unit),
      slots.isFiner(slot, unit),
    )
  }

  // Starting

  /** Starts whatever may start now. */
  dispatch(): void {
    for (let slot = this.schedule.next(); slot >= 0; slot = this.schedule.next()) this.#start(slot)
  }

  #start(slot: number): void {
    const slots = this.#slots
    const task = slots.tasks[slot]
    const status = refusalOf(this.#device, slots, slot)
    if (status !== STATUS_OK) {
      this.#end(slot, status, 0)
      return
    }
    const plan = slots.planOf(slot) as Plan
    if (this.#observer && task?.isReply !== true) {
      const lengthBytes = slots.lengthOf(slot)
      const asksFresh = plan.kind.writes && lengthBytes > 0
      const fresh = asksFresh ? this.#freshRanges?.(slots.startOf(slot), lengthBytes) : undefined
      this.#observer(startEvent(slots, slot, fresh, this.#clock.nowNs))
    }
    if (plan.tags) this.#startTagged(slot, plan)
    else if (task !== undefined && task.switchesCache === undefined) this.#nextOfTask(slot, task)
    else if (plan.preSync || slots.fenced[slot] === 1) this.#wishSync(slot, PHASE_PRE_SYNC)
    else this.#startData(slot, plan)
  }

  /** All steps of a tagged barrier go to the device at once, which keeps them, and everything around them, in order. */
  #startTagged(slot: number, plan: Plan): void {
    const syncsBefore = plan.preSync || this.#slots.fenced[slot] === 1
    const syncsBehind = this.#syncsBehind(plan)
    const steps: TaggedStep[] = []
    if (syncsBefore) steps.push(ORDERED_BEFORE)
    if (plan.step !== STEP_NONE) steps.push('data')
    if (syncsBehind) steps.push(ORDERED_BEHIND)
    this.#slots.phases[slot] = PHASE_DATA
    this.#slots.sealTransfers()
    this.#tagged.start(slot, plan, steps)
    this.#giveTagged()
  }

  #giveTagged(): void {
    this.#tagged.give()
    if (this.#tagged.isBlocked) return
    this.schedule.settled(this.#tagged.slot)
    this.#endTagged()
  }

  #taggedStepEnded(errno: number): void {
    this.#tagged.stepEnded(errno)
    this.#endTagged()
  }

  #endTagged(): void {
    const {isOver, slot, errno} = this.#tagged
    if (isOver) this.#end(slot, errno === 0 ? STATUS_OK : STATUS_IOERR, errno)
  }

  // Steps

  #startData(slot: number, plan: Plan): void {
    const slots = this.#slots
    slots.phases[slot] = PHASE_DATA
    if (plan.kind === NOTIFY) {
      const start = slots.offsets[slot] as number
      this.#answer(slot, this.syncs.wishLazily(slot, start, start + (slots.lengths[slot] as number)))
    } else if (plan.kind.operands === 'id') {
      const room = slots.lengths[slot] as number
      slots.memories[slot]?.bytes.set(this.#id.subarray(0, room), slots.memoryOffsets[slot])
      this.#end(slot, STATUS_OK, 0)
    } else {
      this.#moved(slot, plan, this.transfers.start(slot, plan))
    }
  }

  /** Executes the next step of a SCSI command as if it were a request of its own. */
  #nextOfTask(slot: number, task: ScsiTask): void {
    // A step that ends at once comes back here from inside: thousands of those must not pile up on the stack.
    if (this.#taskInside === slot) {
      this.#taskGoesOn = true
      return
    }
    const [outside, outsideGoesOn] = [this.#taskInside, this.#taskGoesOn]
    this.#taskInside = slot
    do {
      this.#taskGoesOn = false
      const step = task.next()
      if (step === undefined) {
        this.#endTask(slot, task)
      } else if (typeof step === 'number') {
        this.#slots.errnos[slot] = step
        task.failed(step)
        this.#taskGoesOn = true
      } else {
        this.#startStep(slot, step)
      }
    } while (this.#taskGoesOn)
    this.#taskInside = outside
    this.#taskGoesOn = outsideGoesOn
  }

  #startStep(slot: number, step: TaskStep): void {
    const slots = this.#slots
    slots.plans[slot] = step.plan
    slots.offsets[slot] = step.offsetBytes
    slots.lengths[slot] = step.lengthBytes
    slots.memories[slot] = step.memory
    slots.memoryOffsets[slot] = step.memoryOffset
    const syncsFirst = step.plan.preSync || slots.fenced[slot] === 1
    slots.fenced[slot] = 0
    if (syncsFirst) this.#wishSync(slot, PHASE_PRE_SYNC)
    else this.#startData(slot, step.plan)
  }

  #endTask(slot: number, task: ScsiTask): void {
    if (task.switchesCache !== undefined && task.outcome.sense === undefined)
      this.#plans.writeCache = task.switchesCache
    this.schedule.ended(slot)
    this.#complete(slot, STATUS_OK, this.#slots.errnos[slot] as number)
  }

  /** Tries again what the backend had no room for. */
  retryBlocked(): void {
    if (this.#blocked.length === 0 && !this.syncs.isBlocked && !this.#tagged.isBlocked) return
    const blocked = this.#blocked
    this.#blocked = []
    for (const slot of blocked) this.#moved(slot, this.#slots.plans[slot] as Plan, this.transfers.retry(slot))
    if (this.#tagged.isBlocked) this.#giveTagged()
    this.syncs.retry()
    // A barrier may have waited for the last step of another request to be given away, and others for those of the barrier.
    if (this.#hasTags && this.schedule.queued > 0) this.dispatch()
  }

  // Collecting

  /** Takes what has ended, and starts what may start then. */
  collect(): void {
    let ended = false
    for (let count = this.#backend.reap(); count > 0; count = this.#backend.reap()) {
      this.#clock.nowNs = this.#backend.nowNs()
      ended = true
      const {doneTokens, doneResults} = this.#backend
      for (let i = 0; i < count; i++) {
        const token = doneTokens[i] as number
        const result = doneResults[i] as number
        if (this.syncs.owns(token)) this.#syncEnded(token, result)
        else this.#moved(token, this.#slots.plans[token] as Plan, this.transfers.ended(token, result))
      }
    }
    if (ended && this.schedule.queued > 0) this.dispatch()
  }

  /** What became of a slot's data: on its way, blocked, moved, or failed with an errno. */
  #moved(slot: number, plan: Plan, outcome: number): void {
    if (outcome === MOVING) {
      if (this.#hasTags) this.#settle(slot, plan)
    } else if (outcome === BLOCKED) {
      this.schedule.unsettled(slot)
      this.#blocked.push(slot)
    } else if (outcome === MOVED) {
      this.#afterData(slot, plan)
    } else {
      if (plan.kind.writes) this.#writeFailed(plan, outcome)
      if (plan.tags) this.#taggedStepEnded(outcome)
      else this.#end(slot, STATUS_IOERR, outcome)
    }
  }

  /** Tells the schedule whether the device has now all that it is going to get for a slot. */
  #settle(slot: number, plan: Plan): void {
    const isLast = this.#slots.tasks[slot] === undefined && !this.#syncsBehind(plan) && this.transfers.isLastStep(slot)
    if (isLast) this.schedule.settled(slot)
    else this.schedule.unsettled(slot)
  }

  /** A sync follows the data. */
  #syncsBehind(plan: Plan): boolean {
    return plan.postSync || (plan.dsync && this.#syncsAfterWrite)
  }

  #writeFailed(plan: Plan, errno: number): void {
    this.syncs.wrote(0, 0)
    // A stable write reports write-back errors of other pages too, and the kernel reports them only once.
    // O_DIRECT leaves no pages behind whose errors could be meant when there is no space.
    const noSpace = errno === ERRNO.ENOSPC || errno === ERRNO.EDQUOT
    if (plan.dsync && !this.#syncsAfterWrite && !(this.#mode.direct && noSpace)) {
      for (const lost of this.syncs.poisoned(errno)) this.#end(lost, STATUS_IOERR, this.syncs.poison)
    }
  }

  #afterData(slot: number, plan: Plan): void {
    const syncsAfter = plan.dsync && this.#syncsAfterWrite
    // A write made stable by its step or its descriptor leaves nothing to sync; everything else does.
    if (plan.kind.writes && (!plan.dsync || syncsAfter)) {
      const start = this.#slots.offsets[slot] as number
      this.syncs.wrote(start, start + (this.#slots.lengths[slot] as number))
    }
    if (plan.tags) this.#taggedStepEnded(0)
    else if (this.#syncsBehind(plan)) this.#wishSync(slot, PHASE_POST_SYNC)
    else this.#end(slot, STATUS_OK, 0)
  }

  // Syncs

  #wishSync(slot: number, phase: number): void {
    this.#slots.phases[slot] = phase
    const all = this.#slots.plans[slot]?.syncsAll === true
    this.#answer(slot, this.syncs.wish(slot, all))
  }

  #answer(slot: number, answer: 'clean' | 'failed' | 'pending'): void {
    if (answer === 'clean') this.#synced(slot)
    else if (answer === 'failed') this.#end(slot, STATUS_IOERR, this.syncs.poison)
  }

  #syncEnded(token: number, result: number): void {
    const {errno, answered, ordered} = this.syncs.ended(token, result)
    const failed = errno !== 0 || this.syncs.poison !== 0
    for (const slot of answered) {
      if (failed) this.#end(slot, STATUS_IOERR, this.syncs.poison)
      else this.#synced(slot)
    }
    if (ordered) this.#taggedStepEnded(errno === 0 ? this.syncs.poison : errno)
    else this.syncs.kick()
  }

  #synced(slot: number): void {
    const plan = this.#slots.plans[slot] as Plan
    if (this.#slots.phases[slot] === PHASE_PRE_SYNC) this.#startData(slot, plan)
    else this.#end(slot, STATUS_OK, 0)
  }

  // Ending

  /** A request that ran (or was refused when it was about to) is done, or one step of its command is. */
  #end(slot: number, status: number, errno: number): void {
    const slots = this.#slots
    const task = slots.tasks[slot]
    if (task !== undefined && status !== STATUS_UNSUPP) {
      if (status === STATUS_OK) {
        task.ended()
      } else {
        slots.errnos[slot] = errno
        task.failed(errno)
      }
      this.#nextOfTask(slot, task)
      return
    }
    if (status === STATUS_OK && slots.plans[slot]?.kind === SET_WRITEBACK) {
      this.#plans.writeCache = ((slots.flags[slot] as number) & FLAG_ON) !== 0
    }
    this.schedule.ended(slot)
    this.#complete(slot, status, errno)
  }

  #complete(slot: number, status: number, errno: number): void {
    const slots = this.#slots
    const id = slots.ids[slot] as number
    const ok = status === STATUS_OK && errno === 0 && slots.tasks[slot]?.outcome.sense === undefined
    slots.phases[slot] = PHASE_DONE
    slots.statuses[slot] = status
    slots.errnos[slot] = errno
    slots.completedNs[slot] = this.#clock.nowNs
    slots.stepMemories[slot] = undefined
    this.done.push(slot)
    this.#observer?.(completeEvent(slots, slot, ok, this.#clock.nowNs))
    for (const {id: waitingId, strict} of this.#waits.ended(id, ok)) {
      const waiting = slots.find(waitingId)
      if (waiting < 0) continue
      if (ok || !strict) this.schedule.resolve(waiting)
      else if (this.schedule.withdraw(waiting)) this.#complete(waiting, STATUS_CANCELED, 0)
    }
  }
}
