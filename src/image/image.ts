import {closeSync, fstatSync} from 'node:fs'
import {SECTOR_BYTES, type Range} from '../base/index.js'
import type {Libc} from '../native/index.js'
import type {Alignment} from './alignment.js'
import {deviceSizeBytes} from './block-device.js'
import {flagBits, reopen} from './descriptor.js'
import type {FileSystem} from './file-system.js'
import {freshOnFileSystem} from './freshness.js'
import type {RestingPlace} from './ground.js'
import {openRefusal} from './refusal.js'
import {dataParts} from './sparse-copy.js'

/** An image open under a cache mode. Owns its descriptors and locks until close(). */
export interface Image {
  /** As the user named it, also for a snapshot. */
  readonly path: string
  /** Opened with `openFlags`. */
  readonly fd: number
  /**
   * A descriptor of the same file whose writes are stable when they return: `fd` itself where the mode is like that (or
   * nothing is written at all), else a second one with O_DSYNC added, opened on first use.
   *
   * @throws ToolError when it cannot be opened
   */
  dsyncFd(): number
  /**
   * Another open file description of the same file with the same flags, without locks: who syncs through it hears of its own errors.
   * The caller closes it.
   *
   * @param more names of flags to add
   * @throws ToolError when it cannot be opened
   */
  reopen(...more: readonly ('O_DSYNC' | 'O_DIRECT')[]): number
  /** Where on the descriptors the image begins: not 0 for a partition. Every other offset here counts from there. */
  readonly startBytes: number
  readonly sizeBytes: number
  /** Whole 512-byte sectors. */
  readonly capacitySectors: number
  /** Bytes behind the last whole sector, which no request can reach. */
  readonly tailBytes: number
  readonly blockDevice: boolean
  readonly readOnly: boolean
  /** Names of the open(2) flags the cache mode asked for. */
  readonly openFlags: readonly string[]
  /** Offsets and lengths of transfers must be multiples of this; 512 unless O_DIRECT asks for more. */
  readonly alignmentBytes: number
  /** Addresses of buffers must be multiples of this; 1 without O_DIRECT. */
  readonly memoryAlignmentBytes: number
  /** How the alignment is known. */
  readonly alignmentSource: string
  /** The locks of a writer are held, so nobody who respects locks writes to it besides us. */
  readonly soleWriter: boolean
  /** The file system's name, or "block device". */
  readonly fileSystem: string
  /** Why nothing on it is sure to survive the host, as a clause; undefined where nothing speaks against it. */
  readonly volatile: string | undefined
  /** Writes go to a throw-away copy. */
  readonly snapshot: boolean
  /** What the user should know about this image and its opening, as sentences. */
  readonly notes: readonly string[]
  /**
   * The parts of a range without an allocation of their own that a write would just overwrite: holes, unwritten, delayed and
   * shared extents, rounded out to blocks of the file system; everything on a file system that never overwrites in place. It
   * tells what the host has now, in memory: a block that a write has just allocated is not listed, though its allocation is
   * not stable before the next sync. Empty for block devices; undefined when nobody can tell,
   * as where a device below keeps direct writes in host memory.
   */
  freshRanges(offsetBytes: number, lengthBytes: number): readonly Range[] | undefined
  /**
   * The parts of a range that may hold something else than zeroes now, as the host tells holes apart; undefined when nobody can tell. Of
   * a snapshot these are the parts of the copy.
   */
  dataRanges(offsetBytes: number, lengthBytes: number): readonly Range[] | undefined
  /** The size now: another process may have changed it. */
  currentSizeBytes(): number
  /** Closes the descriptors, which ends the locks. Nothing may be in flight. May be called twice. */
  close(): void
}

/** What is known about an image once it is open. */
interface ImageFacts {
  readonly path: string
  readonly fd: number
  readonly startBytes: number
  readonly sizeBytes: number
  readonly blockDevice: boolean
  readonly readOnly: boolean
  readonly openFlags: readonly string[]
  readonly alignment: Alignment
  readonly soleWriter: boolean
  /** Undefined for a block device. */
  readonly fileSystem: FileSystem | undefined
  readonly resting: RestingPlace
  readonly snapshot: boolean
  readonly notes: readonly string[]
  /** A descriptor with O_DSYNC where it cannot be opened later. */
  readonly dsyncFd: number | undefined
  readonly libc: Libc | undefined
}

/** The one Image: takes over the descriptors it is given. */
export class OpenImage implements Image {
  readonly path: string
  readonly fd: number
  readonly startBytes: number
  readonly sizeBytes: number
  readonly capacitySectors: number
  readonly tailBytes: number
  readonly blockDevice: boolean
  readonly readOnly: boolean
  readonly openFlags: readonly string[]
  readonly alignmentBytes: number
  readonly memoryAlignmentBytes: number
  readonly alignmentSource: string
  readonly soleWriter: boolean
  readonly fileSystem: string
  readonly volatile: string | undefined
  readonly snapshot: boolean
  readonly notes: readonly string[]
  readonly #fileSystem: FileSystem | undefined
  readonly #libc: Libc | undefined
  readonly #directReachesDrive: boolean
  #dsyncFd: number | undefined
  #closed = false

  constructor(facts: ImageFacts) {
    this.path = facts.path
    this.fd = facts.fd
    this.startBytes = facts.startBytes
    this.sizeBytes = facts.sizeBytes
    this.capacitySectors = Math.floor(facts.sizeBytes / SECTOR_BYTES)
    this.tailBytes = facts.sizeBytes % SECTOR_BYTES
    this.blockDevice = facts.blockDevice
    this.readOnly = facts.readOnly
    this.openFlags = facts.openFlags
    this.alignmentBytes = facts.alignment.alignmentBytes
    this.memoryAlignmentBytes = facts.alignment.memoryAlignmentBytes
    this.alignmentSource = facts.alignment.source
    this.soleWriter = facts.soleWriter
    this.fileSystem = facts.fileSystem?.name ?? 'block device'
    this.volatile = facts.resting.volatile
    this.#directReachesDrive = facts.resting.directReachesDrive
    this.snapshot = facts.snapshot
    this.notes = facts.notes
    this.#fileSystem = facts.fileSystem
    this.#libc = facts.libc
    this.#dsyncFd = facts.dsyncFd
  }

  dsyncFd(): number {
    if (this.readOnly || this.openFlags.includes('O_DSYNC')) return this.fd
    this.#dsyncFd ??= this.reopen('O_DSYNC')
    return this.#dsyncFd
  }

  reopen(...more: readonly ('O_DSYNC' | 'O_DIRECT')[]): number {
    try {
      return reopen(this.fd, this.path, flagBits([...this.openFlags, ...more]))
    } catch (error) {
      throw openRefusal({path: this.path, readOnly: this.readOnly, blockDevice: this.blockDevice}, error)
    }
  }

  freshRanges(offsetBytes: number, lengthBytes: number): readonly Range[] | undefined {
    if (!this.#directReachesDrive) return undefined
    const fileSystem = this.#fileSystem
    if (fileSystem === undefined) return []
    const libc = this.#libc
    const {startBytes} = this
    const range = {offsetBytes: startBytes + offsetBytes, lengthBytes}
    const fresh = freshOnFileSystem(range, fileSystem, (from, length) =>
      libc === undefined ? -1 : libc.fiemap(this.fd, from, length),
    )
    if (startBytes === 0) return fresh
    return fresh?.map((found) => ({...found, offsetBytes: found.offsetBytes - startBytes}))
  }

  dataRanges(offsetBytes: number, lengthBytes: number): readonly Range[] | undefined {
    if (this.#libc === undefined || this.blockDevice) return undefined
    const fromBytes = this.startBytes + offsetBytes
    const parts = dataParts(this.#libc, this.fd, fromBytes, fromBytes + lengthBytes)
    return parts?.map((part) => ({...part, offsetBytes: part.offsetBytes - this.startBytes}))
  }

  currentSizeBytes(): number {
    const stat = fstatSync(this.fd)
    const wholeBytes = this.blockDevice ? (deviceSizeBytes(stat.rdev) ?? 0) : stat.size
    return this.startBytes === 0 ? wholeBytes : Math.max(0, Math.min(this.sizeBytes, wholeBytes - this.startBytes))
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      if (this.#dsyncFd !== undefined) closeSync(this.#dsyncFd)
    } finally {
      closeSync(this.fd)
    }
  }
}
