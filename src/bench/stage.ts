import fs from 'node:fs'

import type {AioChoice, BackendTarget} from '../aio/index.js'
import {SECTOR_BYTES, ToolError, type Range} from '../base/index.js'
import {cacheModeOf, openFlagNames, type CacheMode} from '../cache-mode/index.js'
import {diskBelow, openImage, type Image, type OpenOptions} from '../image/index.js'
import type {BenchResult} from './result.js'

/** An image opened for one round, or the beginnings of a simulated disk. */
export interface Stage {
  /** Which file or device it is, whatever its name; the same for the same one. */
  readonly identity: string
  readonly sizeBytes: number
  readonly alignmentBytes: number
  readonly soleWriter: boolean
  readonly readOnly: boolean
  readonly openFlags: readonly string[]
  readonly allocation: BenchResult['allocation']
  /** The disk below, where it can be told. */
  readonly disk: string | undefined
  readonly notes: readonly string[]
  readonly target: Pick<
    BackendTarget,
    'fd' | 'dsyncFd' | 'startBytes' | 'sizeBytes' | 'readOnly' | 'read' | 'freshRanges'
  >
  /** Another descriptor for a job of its own; see Image.reopen. */
  readonly reopen: (dsync: boolean) => number
  /** The parts that may hold something other than zeroes; undefined when nobody can tell. */
  readonly dataRanges: () => readonly Range[] | undefined
  /** Somebody removed the image, or cut it. */
  readonly gone: () => string | undefined
  /** Undefined of a simulated disk. */
  readonly image: Image | undefined
  readonly close: () => void
}

/** What an image is opened for. */
export interface StageOptions {
  readonly path: string
  /** The part of the image that counts, a partition; all of it when left out. */
  readonly part?: OpenOptions['part']
  readonly mode: CacheMode
  readonly aio: AioChoice
  readonly readOnly: boolean
  /** Requests in flight at a time, in one job. */
  readonly depth: number
  /** The size of a simulated image that is not there. */
  readonly createBytes: number | undefined
  /** Open at the same time, on the same image, with its locks. */
  readonly beside?: Stage | undefined
}

/**
 * Opens the image of a round under its mode. A simulated disk reads the image, or starts empty where it is to be created.
 *
 * @throws ToolError of kind environment or usage, as openImage
 */
export async function openStage(options: StageOptions): Promise<Stage> {
  const {path, part, mode, aio, readOnly, depth} = options
  if (aio !== 'sim') {
    const beside = options.beside?.image
    return stageOf(await openImage(path, {mode, readOnly, depth, forceShare: false, part, beside}))
  }
  const openFlags = openFlagNames(mode, readOnly, depth)
  const common = {
    openFlags,
    readOnly,
    soleWriter: true,
    alignmentBytes: SECTOR_BYTES,
    disk: undefined,
    image: undefined,
  }
  if (options.createBytes !== undefined) {
    const sizeBytes = Math.floor(options.createBytes / SECTOR_BYTES) * SECTOR_BYTES
    if (sizeBytes === 0)
      throw new ToolError('usage', 'E_CREATE', 'an image has at least one sector', {hint: 'Try 64M.'})
    return {
      ...common,
      identity: 'created',
      sizeBytes,
      allocation: 'preallocated',
      notes: [],
      target: {
        fd: -1,
        dsyncFd: () => -1,
        sizeBytes,
        readOnly,
        read: (_offsetBytes, target) => target.fill(0),
        freshRanges: () => [],
      },
      reopen: () => -1,
      dataRanges: () => [],
      gone: () => undefined,
      close: () => {},
    }
  }
  const image = await openImage(path, {mode: cacheModeOf('writeback'), readOnly: true, forceShare: false, part})
  const stage = stageOf(image)
  return {...stage, ...common, target: {...stage.target, readOnly, freshRanges: () => []}}
}

function stageOf(image: Image): Stage {
  const {allocation, note} = allocationOf(image)
  return {
    identity: identityOf(image),
    sizeBytes: image.capacitySectors * SECTOR_BYTES,
    alignmentBytes: image.alignmentBytes,
    soleWriter: image.soleWriter,
    readOnly: image.readOnly,
    openFlags: image.openFlags,
    allocation,
    disk: diskBelow(image.path, image.fd),
    notes: note === undefined ? image.notes : [...image.notes, note],
    target: {
      fd: image.fd,
      startBytes: image.startBytes,
      dsyncFd: () => image.dsyncFd(),
      sizeBytes: image.sizeBytes,
      readOnly: image.readOnly,
      read: (offsetBytes, target) =>
        void fs.readSync(image.fd, target, 0, target.length, image.startBytes + offsetBytes),
      freshRanges: (offsetBytes, lengthBytes): readonly Range[] | undefined =>
        image.freshRanges(offsetBytes, lengthBytes),
    },
    reopen: (dsync) => (dsync ? image.reopen('O_DSYNC') : image.reopen()),
    dataRanges: () => image.dataRanges(0, image.sizeBytes),
    gone: () => goneOf(image, allocation),
    image,
    close: () => image.close(),
  }
}

function identityOf({fd, startBytes}: Image): string {
  const {dev, ino} = fs.fstatSync(fd, {bigint: true})
  return `${dev}:${ino}+${startBytes}`
}

/** Whether every byte has a block set aside for it, and what is to be known of those that were never written. */
function allocationOf(image: Image): {allocation: BenchResult['allocation']; note: string | undefined} {
  if (image.blockDevice) return {allocation: 'block device', note: undefined}
  const {blocks, size} = fs.fstatSync(image.fd)
  const fresh = image.freshRanges(0, image.sizeBytes)
  // st_blocks counts 512 bytes on every file system. Holes of the file need not lie in the partition.
  const whole = image.startBytes === 0 && image.sizeBytes === size
  if (blocks * 512 < size && (whole || fresh?.length !== 0)) return {allocation: 'sparse', note: undefined}
  const note =
    fresh === undefined || fresh.length === 0
      ? undefined
      : `some blocks of ${image.path} are set aside and not written yet, the first at byte ${fresh[0]?.offsetBytes}: writing there costs more the first time`
  return {allocation: 'preallocated', note}
}

function goneOf(image: Image, allocation: BenchResult['allocation']): string | undefined {
  const {nlink, blocks, size} = fs.fstatSync(image.fd)
  if (!image.blockDevice && nlink === 0) return 'the image was removed while it was measured'
  const now = image.currentSizeBytes()
  if (now !== image.sizeBytes)
    return `the size of the image changed while it was measured, from ${image.sizeBytes} to ${now} bytes`
  // Writes behind the end of a file that was cut make it as long as it was.
  return allocation === 'preallocated' && image.startBytes === 0 && blocks * 512 < size
    ? 'the image lost blocks while it was measured: it was cut, or holes were punched'
    : undefined
}
