import {closeSync, constants, fstatSync, openSync, statSync, type Stats} from 'node:fs'
import {codeOf, SECTOR_BYTES, ToolError, type Range} from '../base/index.js'
import {openFlagNames, type CacheMode} from '../cache-mode/index.js'
import {loadLibc, type LibcAnswer} from '../native/index.js'
import {BUFFERED_ALIGNMENT, directAlignment, type Alignment} from './alignment.js'
import {deviceSizeBytes, logicalBlockBytes, mountPointOf} from './block-device.js'
import {flagBits} from './descriptor.js'
import {fileSystemOf, type FileSystem} from './file-system.js'
import {restingPlace} from './ground.js'
import {OpenImage, type Image} from './image.js'
import {takeLocks} from './locks.js'
import {kindRefusal, openRefusal, type OtherKind} from './refusal.js'
import {sameOpenFile} from './same-file.js'

export interface OpenOptions {
  readonly mode: CacheMode
  readonly readOnly: boolean
  /** Neither take nor respect locks. For reading only. */
  readonly forceShare: boolean
  /** Requests in flight at a time, which decides whether O_DSYNC can be trusted; 1 when left out. */
  readonly depth?: number
  /** The part of it that counts, as if the rest were not there: a partition. All of it when left out. */
  readonly part?: Range | undefined
  /** Already open here, the same file, for all that is done with both: its locks and its claim on a device stand for this one too. */
  readonly beside?: Image | undefined
}

/**
 * Opens a raw image, a regular file or a block device, with exactly the flags of the cache mode. Promises: nothing is
 * written, nothing is created, no weaker mode is chosen in silence; on any failure every descriptor and lock is given back.
 *
 * @throws ToolError of kind environment (with the cause and the next step), or usage for forceShare without readOnly
 */
export async function openImage(path: string, options: OpenOptions): Promise<Image> {
  const {mode, readOnly, forceShare} = options
  if (forceShare && !readOnly) {
    throw new ToolError('usage', 'E_FORCE_SHARE', 'an image opened for writing cannot be shared by force', {
      hint: 'Add --read-only, or --snapshot to write to a throw-away copy.',
    })
  }
  const native = await loadLibc()
  const blockDevice = checkKind(path, readOnly)
  const openFlags = openFlagNames(mode, readOnly, options.depth)
  const fd = openWithFlags(path, openFlags, {readOnly, blockDevice, claims: options.beside === undefined})
  try {
    const stat = fstatSync(fd)
    if (stat.isBlockDevice() !== blockDevice || (!blockDevice && !stat.isFile())) {
      throw kindRefusal(path, otherKindOf(stat)) // exchanged for something else since it was looked at
    }
    if (options.beside !== undefined && !sameOpenFile(options.beside.fd, fd)) throw replacedRefusal(path)
    const notes: string[] = []
    const mountPoint = blockDevice && readOnly ? mountPointOf(stat.rdev) : undefined
    if (mountPoint !== undefined) {
      notes.push(`${path} is mounted on ${mountPoint}: what it holds may change while it is read.`)
    }
    const soleWriter = lockImage(native, fd, path, options, notes)
    const fileSystem = blockDevice ? undefined : fileSystemOf(path)
    const whole = measure(native, fd, path, mode.direct, fileSystem, notes)
    const {alignment} = whole
    const {startBytes, sizeBytes} = placeOfPart(path, whole, options.part, mode.direct)
    const libc = native.ok ? native.libc : undefined
    const facts = {
      path,
      fd,
      startBytes,
      sizeBytes,
      blockDevice,
      readOnly,
      openFlags,
      alignment,
      soleWriter,
      fileSystem,
      resting: restingPlace(path, fd),
      notes,
      libc,
    }
    return new OpenImage({...facts, snapshot: false, dsyncFd: undefined})
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/**
 * Where the part of an image lies that counts.
 *
 * @throws ToolError of kind environment when the image does not have it, or O_DIRECT cannot reach its ends
 */
export function placeOfPart(
  path: string,
  whole: {readonly sizeBytes: number; readonly alignment: Alignment},
  part: Range | undefined,
  direct: boolean,
): {readonly startBytes: number; readonly sizeBytes: number} {
  if (part === undefined) return {startBytes: 0, sizeBytes: whole.sizeBytes}
  const {offsetBytes, lengthBytes} = part
  if (lengthBytes < SECTOR_BYTES || offsetBytes + lengthBytes > whole.sizeBytes) {
    const range = `bytes ${offsetBytes} to ${offsetBytes + lengthBytes}`
    throw new ToolError('environment', 'E_PART', `${path} does not hold ${range}: it has ${whole.sizeBytes} bytes`, {
      hint: 'The partition reaches beyond the end of the image, or is empty: "flushpoint partitions --check" tells.',
      context: {path},
    })
  }
  const {alignmentBytes, source} = whole.alignment
  if (direct && (offsetBytes % alignmentBytes !== 0 || lengthBytes % alignmentBytes !== 0)) {
    const message = `${path}: the partition is not aligned to the ${alignmentBytes} bytes that O_DIRECT needs (${source})`
    throw new ToolError('environment', 'E_DIRECT_SIZE', message, {
      hint: 'Choose --cache writeback or writethrough.',
      context: {path},
    })
  }
  return {startBytes: offsetBytes, sizeBytes: lengthBytes}
}

/** Looks before opening, because opening a FIFO waits for its other end. @returns whether it is a block device */
export function checkKind(path: string, readOnly: boolean): boolean {
  let stat: Stats
  try {
    stat = statSync(path)
  } catch (error) {
    throw openRefusal({path, readOnly, blockDevice: false}, error)
  }
  if (!stat.isFile() && !stat.isBlockDevice()) throw kindRefusal(path, otherKindOf(stat))
  return stat.isBlockDevice()
}

function otherKindOf(stat: Stats): OtherKind {
  if (stat.isDirectory()) return 'directory'
  if (stat.isFIFO()) return 'fifo'
  if (stat.isSocket()) return 'socket'
  return stat.isCharacterDevice() ? 'character device' : 'unknown'
}

function replacedRefusal(path: string): ToolError {
  return new ToolError('environment', 'E_REPLACED', `${path} was replaced by another file while it was opened`, {
    hint: 'Somebody else is at work on it. Work on a copy.',
    context: {path},
  })
}

interface Opening {
  readonly readOnly: boolean
  readonly blockDevice: boolean
  /** Whether a device that is written to is claimed. */
  readonly claims: boolean
}

function openWithFlags(path: string, names: readonly string[], {readOnly, blockDevice, claims}: Opening): number {
  // On a block device O_EXCL without O_CREAT claims it: refused while mounted or part of something (open(2)).
  const exclusive = blockDevice && !readOnly && claims ? constants.O_EXCL : 0
  const bits = flagBits(names) | exclusive
  try {
    return openSync(path, bits)
  } catch (error) {
    if (names.includes('O_DIRECT') && isDirectRefused(error)) {
      throw directRefusal(path, blockDevice ? 'this block device' : fileSystemOf(path).name, error)
    }
    const mountPoint = codeOf(error) === 'EBUSY' ? mountPointOf(statSync(path).rdev) : undefined
    throw openRefusal({path, readOnly, blockDevice, mountPoint}, error)
  }
}

/** What a file system without direct I/O says to O_DIRECT (open(2), EINVAL); some drivers say EOPNOTSUPP. */
export function isDirectRefused(error: unknown): boolean {
  return codeOf(error) === 'EINVAL' || codeOf(error) === 'ENOTSUP' || codeOf(error) === 'EOPNOTSUPP'
}

/** The error for a place that cannot do O_DIRECT. There is no fallback: a weaker mode would make other promises. */
export function directRefusal(path: string, where: string, cause?: unknown): ToolError {
  return new ToolError('environment', 'E_DIRECT_REFUSED', `${path}: ${where} does not support O_DIRECT`, {
    hint: 'Choose --cache writeback or writethrough, or put the image on a disk file system such as ext4 or xfs.',
    context: {path, op: 'open'},
    cause,
  })
}

/** Takes the locks the options ask for and notes where there are none. @returns whether we are the sole writer */
function lockImage(native: LibcAnswer, fd: number, path: string, options: OpenOptions, notes: string[]): boolean {
  if (options.forceShare) {
    notes.push('Opened without locks (--force-share): another process may be changing it while it is read.')
    return false
  }
  if (options.beside !== undefined) return options.beside.soleWriter && !options.readOnly
  const result = takeLocks(native, fd, path, options.readOnly ? 'reader' : 'writer')
  if (!result.locked) {
    notes.push(`Locks unavailable: ${result.reason}. Nothing keeps another process from writing to it meanwhile.`)
    return false
  }
  return !options.readOnly
}

/**
 * The size and the alignment of an image that is open (and locked). Adds a note for a tail no request can reach.
 *
 * @param fileSystem undefined for a block device
 * @throws ToolError of kind environment: no whole sector, O_DIRECT refused, or a size O_DIRECT cannot reach to its end
 */
export function measure(
  native: LibcAnswer,
  fd: number,
  path: string,
  direct: boolean,
  fileSystem: FileSystem | undefined,
  notes: string[],
): {readonly sizeBytes: number; readonly alignment: Alignment} {
  const stat = fstatSync(fd)
  const sizeBytes = fileSystem === undefined ? deviceSizeBytes(stat.rdev) : stat.size
  if (sizeBytes === undefined || !Number.isSafeInteger(sizeBytes)) {
    throw new ToolError('environment', 'E_SIZE_UNKNOWN', `the size of ${path} cannot be determined`, {
      hint:
        sizeBytes === undefined ? 'Block devices need /sys mounted.' : 'Sizes beyond 2^53-1 bytes are not supported.',
      context: {path},
    })
  }
  if (sizeBytes < SECTOR_BYTES) throw emptyRefusal(path, sizeBytes, fileSystem === undefined)
  const deviceBlockBytes = fileSystem === undefined ? logicalBlockBytes(stat.rdev) : undefined
  const alignment = direct ? directAlignment(native, fd, sizeBytes, deviceBlockBytes) : BUFFERED_ALIGNMENT
  if (alignment === 'unsupported') throw directRefusal(path, fileSystem?.name ?? 'this block device')
  if (alignment === undefined) {
    throw new ToolError('environment', 'E_ALIGNMENT', `${path}: no O_DIRECT transfer of up to 4096 bytes is accepted`, {
      hint: 'The file system gives no alignment that works. Choose --cache writeback or writethrough.',
      context: {path},
    })
  }
  if (direct && sizeBytes % alignment.alignmentBytes !== 0) throw sizeRefusal(path, sizeBytes, alignment)
  const tailBytes = sizeBytes % SECTOR_BYTES
  if (tailBytes !== 0) {
    const bytes = tailBytes === 1 ? 'byte' : `${tailBytes} bytes`
    notes.push(`The last ${bytes} of ${path} cannot be reached: a disk has whole 512-byte sectors only.`)
  }
  return {sizeBytes, alignment}
}

function emptyRefusal(path: string, sizeBytes: number, blockDevice: boolean): ToolError {
  const what = sizeBytes === 0 ? 'is empty' : `has ${sizeBytes} bytes, less than one sector of ${SECTOR_BYTES}`
  return new ToolError('environment', 'E_EMPTY', `${path} ${what}`, {
    hint: blockDevice
      ? 'No medium is in the device, or nothing is attached to it.'
      : `Give it a size first (truncate -s 64M ${path}), or name a file that does not exist yet and add --create SIZE.`,
    context: {path},
  })
}

/** The last block could only be read short and not be written without growing the file. */
function sizeRefusal(path: string, sizeBytes: number, alignment: Alignment): ToolError {
  const {alignmentBytes, source} = alignment
  const padded = Math.ceil(sizeBytes / alignmentBytes) * alignmentBytes
  const message = `${path} has ${sizeBytes} bytes, not a multiple of the ${alignmentBytes} that O_DIRECT needs (${source})`
  return new ToolError('environment', 'E_DIRECT_SIZE', message, {
    hint: `Pad it with zeroes (truncate -s ${padded} ${path}), or choose --cache writeback or writethrough.`,
    context: {path},
  })
}
