import fs from 'node:fs'

import {linkedPath} from '../archive/index.js'
import {codeOf, ToolError} from '../base/index.js'
import {statusJson, statusLine} from './document.js'
import type {ServeStatus} from './options.js'

const EVERY_MS = 1000

/** Where the status of a server goes. */
export interface StatusTargets {
  readonly status: () => ServeStatus
  readonly uri: string
  /** A file that holds the latest status as JSON. */
  readonly file: string | undefined
  /** Writes a line for people. */
  readonly line: (text: string) => void
  /** Shows the line of this moment in place of the one before; undefined where nobody watches. */
  readonly watched: ((text: string) => void) | undefined
}

/** Tells how a server stands: every second where somebody watches, on SIGUSR1 to everybody, until close(). */
export class StatusReport {
  readonly #targets: StatusTargets
  /** Where the name of the file leads to. */
  readonly #file: string | undefined
  readonly #timer: NodeJS.Timeout | undefined
  #requests = 0
  #atMs = performance.now()
  #perSecond = 0
  /** The file could not be written, which is told once. */
  #isLost = false
  /** A line stands where the next text would begin. */
  #isShown = false

  /** @throws ToolError of kind environment when the file cannot be made, or is something other than a file */
  constructor(targets: StatusTargets) {
    this.#targets = targets
    this.#file = targets.file === undefined ? undefined : linkedPath(targets.file)
    this.#replace(targets.status())
    process.on('SIGUSR1', this.#asked)
    if (targets.file === undefined && !targets.watched) return
    this.#timer = setInterval(() => {
      const status = this.#measured()
      targets.watched?.(statusLine(status, this.#perSecond))
      this.#isShown = targets.watched !== undefined
      this.#write(status)
    }, EVERY_MS)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
    process.off('SIGUSR1', this.#asked)
    this.#wipe()
    this.#write(this.#measured())
  }

  readonly #asked = (): void => {
    const status = this.#measured()
    this.#line(statusLine(status, this.#perSecond))
    this.#write(status)
  }

  #line(text: string): void {
    this.#wipe()
    this.#targets.line(text)
  }

  /** Clears the line of this moment, for what comes in its place. */
  #wipe(): void {
    if (this.#isShown) this.#targets.watched?.('')
    this.#isShown = false
  }

  #measured(): ServeStatus {
    const status = this.#targets.status()
    const nowMs = performance.now()
    this.#perSecond = ((status.requests - this.#requests) * 1000) / Math.max(1, nowMs - this.#atMs)
    this.#requests = status.requests
    this.#atMs = nowMs
    return status
  }

  /** A server does not end because its status cannot be kept. */
  #write(status: ServeStatus): void {
    try {
      this.#replace(status)
      this.#isLost = false
    } catch (error) {
      if (!(error instanceof ToolError)) throw error
      if (!this.#isLost) this.#line(error.message)
      this.#isLost = true
    }
  }

  /** Readers see all of a status or the one before. */
  #replace(status: ServeStatus): void {
    const {file: name = '', uri} = this.#targets
    const file = this.#file
    if (file === undefined) return
    const beside = `${file}.${process.pid}.part`
    try {
      // Putting a file in its place would break what a pipe, a device or a folder is there for.
      if (fs.lstatSync(file, {throwIfNoEntry: false})?.isFile() === false) throw notAFile(name)
      fs.writeFileSync(beside, `${JSON.stringify({uri, ...statusJson(status, this.#perSecond)})}\n`)
      fs.renameSync(beside, file)
    } catch (error) {
      if (error instanceof ToolError) throw error
      fs.rmSync(beside, {force: true})
      throw new ToolError('environment', 'E_STATUS', `--status ${name}: cannot be written (${codeOf(error)})`, {
        hint: 'Check that its folder exists and may be written to.',
        context: {path: name},
        cause: error,
      })
    }
  }
}

function notAFile(name: string): ToolError {
  return new ToolError('environment', 'E_STATUS', `--status ${name}: not a regular file`, {
    hint: 'Name a file, which is replaced, or a name that nothing stands under.',
    context: {path: name},
  })
}
