import type {Memory} from '../../src/aio/index.js'
import {ManualBackend, type ManualBackendOptions} from '../engine/manual-backend.js'

/** Ends the step that was queued first. */
function endOldest(backend: ManualBackend): void {
  const [oldest] = backend.outstanding
  if (oldest) backend.end(oldest)
}

export interface SteppingOptions extends ManualBackendOptions {
  /** What happens at each submit, in place of the oldest step ending. */
  readonly onSubmit?: (backend: ManualBackend) => void
}

/** A manual backend that moves by itself, a little at each submit, and counts what it was asked for. */
export class SteppingBackend extends ManualBackend {
  /** Steps outstanding at a time, at most. */
  mostOutstanding = 0
  /** Bytes of every memory ever made. */
  readonly made: number[] = []
  readonly #onSubmit: (backend: ManualBackend) => void

  constructor(options: SteppingOptions = {}) {
    super(options)
    this.#onSubmit = options.onSubmit ?? endOldest
  }

  override createMemory(bytes: number): Memory {
    this.made.push(bytes)
    return super.createMemory(bytes)
  }

  override submit(): undefined {
    this.mostOutstanding = Math.max(this.mostOutstanding, this.outstanding.length)
    this.#onSubmit(this)
  }
}
