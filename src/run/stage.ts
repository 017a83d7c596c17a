import fs from 'node:fs'

import type {BackendTarget} from '../aio/index.js'
import {alignOut, joinRanges, SECTOR_BYTES, type Range} from '../base/index.js'
import type {Statement} from '../batch/index.js'
import {cacheModeOf, openFlagNames} from '../cache-mode/index.js'
import {DISK, type Medium} from '../durability/index.js'
import {createImage, openImage, snapshotImage, type Image} from '../image/index.js'
import {kindOfType} from '../request/index.js'
import type {RunOptions} from './run.js'

/** What a run works on: an image opened under its mode, a throw-away copy of one, or the beginnings of a simulated disk. */
export interface Stage {
  readonly sizeBytes: number
  readonly capacitySectors: number
  readonly alignmentBytes: number
  readonly soleWriter: boolean
  readonly readOnly: boolean
  readonly openFlags: readonly string[]
  readonly fileSystem: string
  /** Where stable data would rest. */
  readonly medium: Medium
  readonly snapshot: boolean
  readonly created: boolean
  readonly notes: readonly string[]
  readonly target: Omit<BackendTarget, 'tokens' | 'depth' | 'mode' | 'seed'>
  /** The parts that may hold something other than zeroes; undefined when nobody can tell. */
  readonly dataRanges: () => readonly Range[] | undefined
  /** What the size of the image is now; somebody may have changed it meanwhile. */
  readonly currentSizeBytes: () => number
  /** Removes an image that was created here, for a run that is refused before its first request. Never throws. */
  readonly takeBack: () => void
  readonly close: () => void
}

/**
 * Sets the stage. An image that was created here is removed again when it cannot be opened as asked, so that a refused run leaves
 * nothing behind; see takeBack for refusals that come later.
 *
 * @throws ToolError of kind environment or usage
 */
export async function openStage(options: RunOptions): Promise<Stage> {
  if (options.aio === 'sim') return openSimulated(options)
  const undo = options.createBytes === undefined ? undefined : await createImage(options.path, options.createBytes)
  try {
    const image = options.snapshot
      ? await snapshotImage(options.path, {
          mode: options.mode,
          forceShare: options.forceShare,
          depth: options.depth,
          touched: touchedRanges(options.statements),
          part: options.part,
        })
      : await openImage(options.path, options)
    const readOnly = options.readOnly || image.readOnly
    const stage = {...stageOf(image), readOnly}
    return undo === undefined ? stage : {...stage, created: true, dataRanges: () => [], takeBack: undo}
  } catch (error) {
    undo?.()
    throw error
  }
}

function stageOf(image: Image): Stage {
  return {
    sizeBytes: image.sizeBytes,
    capacitySectors: image.capacitySectors,
    alignmentBytes: image.alignmentBytes,
    soleWriter: image.soleWriter,
    readOnly: image.readOnly,
    openFlags: image.openFlags,
    fileSystem: image.fileSystem,
    medium: image.volatile === undefined ? DISK : {kind: 'volatile', why: image.volatile},
    snapshot: image.snapshot,
    created: false,
    notes: image.notes,
    target: {
      fd: image.fd,
      startBytes: image.startBytes,
      dsyncFd: () => image.dsyncFd(),
      sizeBytes: image.sizeBytes,
      readOnly: image.readOnly,
      read: (offsetBytes, target) => readFully(image, offsetBytes, target),
      freshRanges: (offsetBytes, lengthBytes) => image.freshRanges(offsetBytes, lengthBytes),
    },
    // A copy has less than the image: only what the batch touches.
    dataRanges: () => (image.snapshot ? undefined : image.dataRanges(0, image.sizeBytes)),
    currentSizeBytes: () => image.currentSizeBytes(),
    takeBack: () => {},
    close: () => image.close(),
  }
}

/** A simulated disk starts with what the image holds, which is opened for reading only; with --create, with zeroes. */
async function openSimulated(options: RunOptions): Promise<Stage> {
  const flags = openFlagNames(options.mode, options.readOnly, options.depth)
  const {readOnly, snapshot} = options
  const common = {openFlags: flags, readOnly, snapshot, soleWriter: true, alignmentBytes: SECTOR_BYTES, medium: DISK}
  if (options.createBytes !== undefined) {
    const sizeBytes = options.createBytes
    return {
      ...common,
      sizeBytes,
      capacitySectors: Math.floor(sizeBytes / SECTOR_BYTES),
      fileSystem: 'simulated',
      created: false,
      notes: ['the disk is simulated, no file is made'],
      target: {
        fd: -1,
        dsyncFd: () => -1,
        sizeBytes,
        readOnly,
        read: (_offsetBytes, target) => target.fill(0),
        freshRanges: (offsetBytes, lengthBytes): Range[] => [{offsetBytes, lengthBytes}],
      },
      dataRanges: () => [],
      currentSizeBytes: () => sizeBytes,
      takeBack: () => {},
      close: () => {},
    }
  }
  const {path, part, forceShare} = options
  const image = await openImage(path, {mode: cacheModeOf('writeback'), readOnly: true, forceShare, part})
  const stage = stageOf(image)
  return {
    ...stage,
    ...common,
    notes: [...stage.notes, 'the disk is simulated, the image is only read'],
    target: {...stage.target, readOnly, freshRanges: emptyParts(image)},
  }
}

/** The unit of allocation of a simulated disk. */
const BLOCK_BYTES = 4096

/**
 * The holes a simulated disk starts with: blocks without an allocation of their own that hold nothing but zeroes. The start is
 * taken as stable, so whatever data the image holds has its blocks, also where the host has not allocated them yet or cannot
 * tell.
 */
function emptyParts(image: Image): (offsetBytes: number, lengthBytes: number) => Range[] {
  const block = new Uint8Array(BLOCK_BYTES)
  return (offsetBytes, lengthBytes) => {
    const fresh = image.freshRanges(offsetBytes, lengthBytes) ?? [{offsetBytes, lengthBytes}]
    const empty: Range[] = []
    for (const range of fresh.map((part) => alignOut(part, BLOCK_BYTES))) {
      const endBytes = range.offsetBytes + range.lengthBytes
      for (let at = range.offsetBytes; at < endBytes; at += BLOCK_BYTES) {
        readFully(image, at, block)
        if (block.every((byte) => byte === 0)) empty.push({offsetBytes: at, lengthBytes: BLOCK_BYTES})
      }
    }
    return joinRanges(empty)
  }
}

/** The ranges of an image a batch may read or write. */
function touchedRanges(statements: readonly Statement[]): Range[] {
  return statements.flatMap((statement) => {
    if (statement.kind !== 'request') return []
    const {type, offsetBytes, lengthBytes, scsi} = statement.request
    // Which blocks a command names, only the device can tell.
    if (scsi !== undefined) return [{offsetBytes: 0, lengthBytes: Number.MAX_SAFE_INTEGER}]
    const operands = kindOfType(type)?.operands
    return operands === 'data' || operands === 'segment' ? [{offsetBytes, lengthBytes}] : []
  })
}

function readFully({fd, startBytes}: Image, offsetBytes: number, target: Uint8Array): void {
  let done = 0
  while (done < target.length) {
    const count = fs.readSync(fd, target, done, target.length - done, startBytes + offsetBytes + done)
    if (count === 0) break
    done += count
  }
  target.fill(0, done)
}
