import {exitCodeOf} from '../base/index.js'

const KINDS = {SIGINT: 'interrupted', SIGTERM: 'terminated'} as const

type InterruptSignal = keyof typeof KINDS

/** The same signal so soon again is the same one, told twice: timeout(1) tells the process and then its group, npm passes it on. */
const ECHO_MS = 100

/** What Interrupt needs of a process. */
export interface SignalSource {
  on(signal: InterruptSignal, listener: (signal: InterruptSignal) => void): unknown
  off(signal: InterruptSignal, listener: (signal: InterruptSignal) => void): unknown
  exit(code: number): void
}

/**
 * Turns SIGINT and SIGTERM into a request to wind down, from construction to close(). The first one aborts `signal` and
 * leaves the process running: what is in flight can finish, the report can be printed. A second one, of either sort, ends
 * the process at once with the status of the first; the same one within a tenth of a second counts as its echo.
 */
export class Interrupt {
  readonly #source: SignalSource
  readonly #controller = new AbortController()
  readonly #nowMs: () => number
  #received: InterruptSignal | undefined
  #receivedMs = 0

  /** @param nowMs a clock that only goes forward */
  constructor(source: SignalSource = process, nowMs: () => number = () => performance.now()) {
    this.#source = source
    this.#nowMs = nowMs
    source.on('SIGINT', this.#receive)
    source.on('SIGTERM', this.#receive)
  }

  /** Aborted by the first signal; its reason is the signal's name. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The first signal that came, if one did. */
  get received(): InterruptSignal | undefined {
    return this.#received
  }

  /** How the command has to end now: the error kind of the first signal, or undefined when none came. */
  get kind(): 'interrupted' | 'terminated' | undefined {
    return this.#received === undefined ? undefined : KINDS[this.#received]
  }

  /** 130 or 143 once a signal came, else undefined. */
  get exitCode(): number | undefined {
    return this.kind === undefined ? undefined : exitCodeOf(this.kind)
  }

  /** Gives both signals back their default effect. May be called again. */
  close(): void {
    this.#source.off('SIGINT', this.#receive)
    this.#source.off('SIGTERM', this.#receive)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  readonly #receive = (signal: InterruptSignal): void => {
    if (this.exitCode !== undefined) {
      if (signal === this.#received && this.#nowMs() - this.#receivedMs < ECHO_MS) return
      this.#source.exit(this.exitCode)
      return
    }
    this.#received = signal
    this.#receivedMs = this.#nowMs()
    this.#controller.abort(signal)
  }
}
