import {createHash} from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {codeOf, SECTOR_BYTES, ToolError} from '../base/index.js'
import {shownBy, type CrashModel, type CrashState} from '../crash/index.js'

const IMAGE_NAME = 'image'
const CHUNK_BYTES = 1 << 20
/** A hole of a file is at least this long. */
const BLOCK_BYTES = 4096
/** What the time of change is set to before a command runs: whatever writes to the image moves it. Seconds. */
const UNTOUCHED_AT = 1
/** A write through a mapping moves no time there (Linux, statfs(2)). */
const TMPFS = 0x01021994

/**
 * Numbers for contents, the same for models that differ only in what was flushed when: of two images of one trace with the same
 * numbers everywhere the bytes are the same.
 */
export class ImageKeys {
  readonly #numbers = new Map<string, number>()
  readonly #known = new WeakMap<CrashModel, (number[] | undefined)[]>()

  /** What each unit shows. */
  idsOf(state: CrashState): Int32Array {
    const {model} = state.point
    const ids = new Int32Array(model.units.count)
    for (let unit = 0; unit < ids.length; unit++) ids[unit] = this.idOf(model, unit, shownBy(state, unit))
    return ids
  }

  /** The number of one content of one unit. */
  idOf(model: CrashModel, unit: number, number: number): number {
    let units = this.#known.get(model)
    if (units === undefined) this.#known.set(model, (units = []))
    const known = (units[unit] ??= [])
    return (known[number] ??= this.#find(model, unit, number))
  }

  /** A text that two images share only if they are the same: 128 bits of SHA-256. */
  keyOf(state: CrashState): string {
    const ids = this.idsOf(state)
    const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength)
    return createHash('sha256').update(bytes).digest().toString('base64', 0, 16)
  }

  #find(model: CrashModel, unit: number, number: number): number {
    const {writer, part, under} = model.contents.content(unit, model.contents.classOf(unit, number))
    const text = `${writer} ${part} ${under ?? ''}`
    let id = this.#numbers.get(text)
    if (id === undefined) this.#numbers.set(text, (id = this.#numbers.size))
    return id
  }
}

/** A private folder for scratch files. It goes away with close(), and with the process unless that is killed outright. */
export class ScratchFolder {
  readonly path: string
  readonly #remove = (): void => fs.rmSync(this.path, {recursive: true, force: true})

  /** @throws ToolError of kind environment when it cannot be made */
  constructor(parent = os.tmpdir()) {
    try {
      this.path = fs.mkdtempSync(path.join(parent, 'flushpoint-crash-'))
    } catch (error) {
      throw new ToolError('environment', 'E_SCRATCH', `${parent}: no scratch folder can be made (${codeOf(error)})`, {
        hint: 'Set TMPDIR to a folder you may write to.',
        context: {path: parent},
        cause: error,
      })
    }
    process.once('exit', this.#remove)
  }

  /** Removes the folder and all in it. May be called again. */
  close(): void {
    process.off('exit', this.#remove)
    this.#remove()
  }
}

/**
 * One file that shows one crash state after the other. Only what differs is written; what a command did to it, or left beside it,
 * is undone before the next state.
 */
export class ScratchImage {
  readonly path: string
  readonly #model: CrashModel
  readonly #keys: ImageKeys
  readonly #folder: string
  /** What the file shows, by unit, as numbers of the keys. */
  readonly #shown: Int32Array
  readonly #readsBack: boolean
  readonly #scratch = new Uint8Array(CHUNK_BYTES)
  #fd = -1
  #inode = 0
  #written = 0

  /**
   * @param folder one that is made for this image alone
   * @throws ToolError of kind io when there is no room, of kind environment when it cannot be made, of kind usage where nobody knows what
   *   some of the image held before the trace
   */
  constructor(folder: string, model: CrashModel, keys: ImageKeys) {
    this.#model = model
    this.#keys = keys
    this.#folder = folder
    this.path = path.join(folder, IMAGE_NAME)
    this.#shown = new Int32Array(model.units.count)
    fs.mkdirSync(folder)
    this.#readsBack = fs.statfsSync(folder).type === TMPFS
    this.#make()
  }

  /** Units written so far, by every show(). */
  get unitsWritten(): number {
    return this.#written
  }

  /** Makes the file show a state. The state may be of another model of the same trace with flushes or FUA added. */
  show(state: CrashState): void {
    const ids = this.#keys.idsOf(state)
    const {units, contents} = state.point.model
    ids.forEach((id, unit) => {
      if (this.#shown[unit] === id) return
      const number = shownBy(state, unit)
      // Unknown until all of it is written: a failure in between must not pass for this state.
      this.#shown[unit] = -1
      for (const sector of units.sectorsOf(unit)) {
        this.#write(contents.sector(unit, number, sector), sector * SECTOR_BYTES)
      }
      this.#shown[unit] = id
      this.#written++
    })
    fs.futimesSync(this.#fd, UNTOUCHED_AT, UNTOUCHED_AT)
  }

  /**
   * Undoes what happened to the file and its folder since show().
   *
   * @returns true when the image had been changed
   */
  settle(): boolean {
    const names = this.#names()
    for (const name of names) {
      if (name !== IMAGE_NAME) fs.rmSync(path.join(this.#folder, name), {recursive: true, force: true})
    }
    // One look at what bears the name tells it all: this is done once for every command.
    const found = fs.lstatSync(this.path, {throwIfNoEntry: false})
    if (found === undefined || found.ino !== this.#inode || !found.isFile()) {
      this.close()
      fs.rmSync(this.path, {recursive: true, force: true})
      this.#make()
      return true
    }
    const isMoved = found.mtimeMs !== UNTOUCHED_AT * 1000 || found.size !== this.#model.trace.header.sizeBytes
    if (isMoved || this.#readsBack) this.#restore()
    return isMoved
  }

  /** What lies in the folder, which is made again if it is gone. */
  #names(): string[] {
    try {
      return fs.readdirSync(this.#folder)
    } catch {
      fs.rmSync(this.#folder, {recursive: true, force: true})
      fs.mkdirSync(this.#folder, {recursive: true, mode: 0o700})
      return []
    }
  }

  /** Closes the file; the folder stays. May be called again. */
  close(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd)
    this.#fd = -1
  }

  #make(): void {
    try {
      this.#fd = fs.openSync(this.path, 'wx+', 0o600)
      this.#inode = fs.fstatSync(this.#fd).ino
      this.#restore()
    } catch (error) {
      this.close()
      throw error instanceof ToolError ? error : this.#failure(error)
    }
  }

  /** Makes all of the file what it was before the trace, whatever it holds; holes stay holes. */
  #restore(): void {
    const {sizeBytes} = this.#model.trace.header
    fs.fchmodSync(this.#fd, 0o600)
    fs.ftruncateSync(this.#fd, sizeBytes)
    const expected = new Uint8Array(CHUNK_BYTES)
    for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, sizeBytes - at)
      const [wanted, found] = [expected.subarray(0, length), this.#scratch.subarray(0, length)]
      this.#model.before.read(at, wanted)
      this.#read(found, at)
      if (Buffer.compare(wanted, found) === 0) continue
      for (let from = 0; from < length; from += BLOCK_BYTES) {
        const block = wanted.subarray(from, from + BLOCK_BYTES)
        if (Buffer.compare(block, found.subarray(from, from + BLOCK_BYTES)) !== 0) this.#write(block, at + from)
      }
    }
    const {contents} = this.#model
    this.#shown.forEach((_, unit) => {
      const before = contents.number(unit, {writer: 0, part: 'whole'})
      this.#shown[unit] = this.#keys.idOf(this.#model, unit, before)
    })
    fs.futimesSync(this.#fd, UNTOUCHED_AT, UNTOUCHED_AT)
  }

  #read(into: Uint8Array, at: number): void {
    for (let done = 0; done < into.length;) {
      const got = fs.readSync(this.#fd, into, done, into.length - done, at + done)
      if (got === 0) throw this.#failure(new Error('end of file'))
      done += got
    }
  }

  #write(bytes: Uint8Array, at: number): void {
    try {
      for (let done = 0; done < bytes.length;) {
        done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, at + done)
      }
    } catch (error) {
      throw this.#failure(error)
    }
  }

  #failure(error: unknown): ToolError {
    const code = codeOf(error) ?? String(error)
    return new ToolError('io', 'E_SCRATCH', `${this.path}: the scratch image cannot be kept (${code})`, {
      hint: code === 'ENOSPC' ? 'Set TMPDIR to a folder with room for the image.' : 'Set TMPDIR to another folder.',
      context: {path: this.path},
      cause: error,
    })
  }
}
