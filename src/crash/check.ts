import {SECTOR_BYTES, ToolError} from '../base/index.js'
import type {CrashModel} from './model.js'

/** What a check says when an image will not do. */
export interface FailOptions {
  /** The mark whose promise is broken. Left out, it is found by asking again with fewer marks. */
  readonly acknowledged?: string | undefined
}

/** The image after a crash, as a check sees it. Every run of the check has its own. */
export interface CheckImage {
  /** A copy of the bytes, good until the check returns. @throws RangeError outside the image: left alone, a violation */
  readonly read: (offsetBytes: number, lengthBytes: number) => Uint8Array
  /** Changes what later reads of this run see. @throws RangeError outside the image: left alone, a violation */
  readonly write: (offsetBytes: number, bytes: Uint8Array) => void
  readonly sizeBytes: number
  /** Names of the marks that had been reached before the crash: what somebody was promised. */
  readonly reached: ReadonlySet<string>
  /** Ends the run: this image is a violation. */
  readonly fail: (message: string, options?: FailOptions) => never
}

/**
 * Recovery as a function over an image: returns if what it finds is right, fails or throws if not. Synchronous, and the same for the
 * same image and marks: it is run again and again from the start.
 */
export type Check = (image: CheckImage) => void

/** What a check said about a failing image. */
export interface Failure extends FailOptions {
  readonly message: string
}

/** Decides what an undecided unit shows when a check first reads it, and which marks it is told of. */
export interface Decider {
  /** Answers a number of the content store; the same for the same unit in one run. */
  decide(unit: number): number
  /** How many marks had been reached. */
  decideReached(): number
}

const FIRST_ARENA_BYTES = 1 << 16
/** Thrown to end a run; an object made once costs no stack trace. */
const FAILED = {ends: 'the run'}

/** Runs a check on images, one after the other, without making anything anew that can be used again. */
export class CheckRunner {
  readonly #model: CrashModel
  readonly #check: Check
  readonly #image: CheckImage
  readonly #sets: (ReadonlySet<string> | undefined)[] = []
  readonly #overlay = new Map<number, Uint8Array>()
  readonly #spare: Uint8Array[] = []
  #arena = new Uint8Array(FIRST_ARENA_BYTES)
  #used = 0
  #views: Uint8Array[] = []
  #viewsUsed = 0
  #decider: Decider = {decide: () => 0, decideReached: () => 0}
  #failure: Failure | undefined
  #fatal: unknown
  #runs = 0

  constructor(model: CrashModel, check: Check) {
    this.#model = model
    this.#check = check
    const reached = (): ReadonlySet<string> => this.#reached()
    this.#image = {
      read: (offsetBytes, lengthBytes) => this.#read(offsetBytes, lengthBytes),
      write: (offsetBytes, bytes) => this.#write(offsetBytes, bytes),
      sizeBytes: model.trace.header.sizeBytes,
      get reached() {
        return reached()
      },
      fail: (message, options = {}) => {
        this.#failure ??= {message: String(message), ...options}
        throw FAILED
      },
    }
  }

  /** How often the check has been run. */
  get runs(): number {
    return this.#runs
  }

  /**
   * Runs the check on the image that the decider decides. Answers what it said, undefined when nothing is wrong.
   *
   * @throws whatever the decider throws, and ToolError of kind usage for a check that is asynchronous
   */
  run(decider: Decider): Failure | undefined {
    this.#decider = decider
    this.#failure = undefined
    this.#fatal = undefined
    this.#used = 0
    this.#viewsUsed = 0
    this.#runs++
    let answer: unknown
    try {
      answer = (this.#check as (image: CheckImage) => unknown)(this.#image)
    } catch (error) {
      if (error !== FAILED) this.#failure ??= {message: error instanceof Error ? error.message : String(error)}
    }
    if (this.#overlay.size > 0) {
      for (const bytes of this.#overlay.values()) this.#spare.push(bytes)
      this.#overlay.clear()
    }
    if (this.#fatal !== undefined) throw this.#fatal
    if (answer instanceof Promise) {
      answer.catch(() => undefined)
      throw new ToolError('usage', 'E_CHECK_ASYNC', 'the check is asynchronous', {
        hint: 'read and write answer at once: remove async and await.',
      })
    }
    return this.#failure
  }

  #reached(): ReadonlySet<string> {
    const count = this.#guard(() => this.#decider.decideReached())
    return (this.#sets[count] ??= new Set(this.#model.marks.slice(0, count)))
  }

  #read(offsetBytes: number, lengthBytes: number): Uint8Array {
    this.#mustBeInside(offsetBytes, lengthBytes, 'read')
    const view = this.#take(lengthBytes)
    let done = 0
    while (done < lengthBytes) {
      const at = offsetBytes + done
      const sector = Math.floor(at / SECTOR_BYTES)
      const skip = at - sector * SECTOR_BYTES
      const part = Math.min(SECTOR_BYTES - skip, lengthBytes - done)
      const bytes = this.#sector(sector)
      if (part === SECTOR_BYTES) view.set(bytes, done)
      else for (let i = 0; i < part; i++) view[done + i] = bytes[skip + i] ?? 0
      done += part
    }
    return view
  }

  #write(offsetBytes: number, bytes: Uint8Array): void {
    this.#mustBeInside(offsetBytes, bytes.length, 'wrote')
    let done = 0
    while (done < bytes.length) {
      const at = offsetBytes + done
      const sector = Math.floor(at / SECTOR_BYTES)
      const skip = at - sector * SECTOR_BYTES
      const part = Math.min(SECTOR_BYTES - skip, bytes.length - done)
      let own = this.#overlay.get(sector)
      if (own === undefined) {
        own = this.#spare.pop() ?? new Uint8Array(SECTOR_BYTES)
        if (part < SECTOR_BYTES) own.set(this.#sector(sector))
        this.#overlay.set(sector, own)
      }
      own.set(bytes.subarray(done, done + part), skip)
      done += part
    }
  }

  #sector(sector: number): Uint8Array {
    if (this.#overlay.size > 0) {
      const own = this.#overlay.get(sector)
      if (own !== undefined) return own
    }
    const {units, contents} = this.#model
    const unit = units.unitOf(sector)
    try {
      return unit < 0 ? contents.untouched(sector) : contents.sector(unit, this.#decider.decide(unit), sector)
    } catch (error) {
      // A check that catches everything must not swallow what is not its own.
      this.#fatal ??= error
      throw error
    }
  }

  #guard<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      this.#fatal ??= error
      throw error
    }
  }

  /** Room for a copy. Runs read alike, so that the views of the last run mostly fit this one. */
  #take(lengthBytes: number): Uint8Array {
    if (this.#used + lengthBytes > this.#arena.length) {
      this.#arena = new Uint8Array(Math.max(this.#arena.length * 2, lengthBytes))
      this.#used = 0
      this.#views = []
      this.#viewsUsed = 0
    }
    const place = this.#viewsUsed++
    let view = this.#views[place]
    if (view === undefined || view.byteOffset !== this.#used || view.length !== lengthBytes) {
      view = this.#arena.subarray(this.#used, this.#used + lengthBytes)
      this.#views[place] = view
    }
    this.#used += lengthBytes
    return view
  }

  #mustBeInside(offsetBytes: number, lengthBytes: number, did: string): void {
    const {sizeBytes} = this.#image
    const isRange = Number.isSafeInteger(offsetBytes) && Number.isSafeInteger(lengthBytes)
    if (isRange && offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes + lengthBytes <= sizeBytes) return
    throw new RangeError(
      `the check ${did} ${lengthBytes} bytes at ${offsetBytes}, outside the image of ${sizeBytes} bytes`,
    )
  }
}
