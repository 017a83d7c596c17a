import {closeSync, fsyncSync, ftruncateSync, realpathSync, unlinkSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname} from 'node:path'
import {codeOf, ToolError, type Range} from '../base/index.js'
import {cacheModeOf, openFlagNames, type CacheMode} from '../cache-mode/index.js'
import {loadLibc, type Libc} from '../native/index.js'
import {flagBits, reopen} from './descriptor.js'
import {fileSystemOf} from './file-system.js'
import {restingPlace} from './ground.js'
import {OpenImage, type Image} from './image.js'
import {directRefusal, isDirectRefused, measure, openImage, placeOfPart} from './open.js'
import {ioFailure, openRefusal} from './refusal.js'
import {makeScratchIn, NOT_HERE, type Scratch} from './scratch.js'
import {copyRanges} from './sparse-copy.js'

interface SnapshotOptions {
  readonly mode: CacheMode
  /** Read the base without regard to locks. */
  readonly forceShare: boolean
  /** As for openImage. */
  readonly depth?: number
  /** What will be read or written; anything else of the copy reads as zeroes. May reach beyond the end. */
  readonly touched: readonly Range[]
  /** As for openImage; `touched` counts from where it begins. */
  readonly part?: Range | undefined
}

/**
 * Opens a throw-away copy of an image under a cache mode: as large as the base, with the touched ranges copied (to whole
 * 4 KiB blocks, holes staying holes) and made stable, so that it starts as the base does. The copy has no name, so nothing is
 * left of it however the process ends. It lies beside the base where that is a disk and writable, else in the folder for
 * temporary files, and a note says so. The base is only read, under a reader's locks while it is copied.
 *
 * @throws ToolError of kind environment as openImage, or io when the copy fails (no space, unreadable base)
 */
export async function snapshotImage(path: string, options: SnapshotOptions): Promise<Image> {
  const {mode, forceShare, touched, depth, part} = options
  const base = await openImage(path, {mode: cacheModeOf('writeback'), readOnly: true, forceShare})
  try {
    const notes = [...base.notes]
    const scratch = makeScratch(base, notes)
    try {
      return await openCopy(base, scratch, {mode, touched, depth, part}, notes)
    } finally {
      closeSync(scratch.fd)
    }
  } finally {
    base.close()
  }
}

async function openCopy(
  base: Image,
  scratch: Scratch,
  {mode, touched, depth, part}: Pick<SnapshotOptions, 'mode' | 'touched' | 'part'> & {depth: number | undefined},
  notes: string[],
): Promise<Image> {
  const native = await loadLibc()
  const libc = native.ok ? native.libc : undefined
  const openFlags = openFlagNames(mode, false, depth)
  const {path} = base
  const fds: number[] = []
  try {
    try {
      fds.push(openScratch(scratch, base.path, openFlags))
      // Elsewhere a file without a name cannot be opened again.
      if (process.platform !== 'linux' && !mode.dsync) {
        fds.push(openScratch(scratch, base.path, [...openFlags, 'O_DSYNC']))
      }
    } finally {
      if (scratch.name !== undefined) unlinkSync(scratch.name)
    }
    const shift = part?.offsetBytes ?? 0
    const copied = touched.map((range) => ({...range, offsetBytes: range.offsetBytes + shift}))
    await fill(base, scratch, copied, libc)
    const [fd, dsyncFd] = fds as [number, number | undefined]
    const fileSystem = fileSystemOf(scratch.directory)
    const ownNotes: string[] = []
    const whole = measure(native, fd, path, mode.direct, fileSystem, ownNotes)
    const {startBytes, sizeBytes} = placeOfPart(path, whole, part, mode.direct)
    const {alignment} = whole
    notes.push(...ownNotes.filter((note) => !notes.includes(note)))
    // The copy stands for the image: what it would lose is asked of the place where the image lies.
    const resting = restingPlace(base.path, base.fd)
    const facts = {path, fd, dsyncFd, startBytes, sizeBytes, openFlags, alignment, fileSystem, resting, notes, libc}
    return new OpenImage({...facts, blockDevice: false, readOnly: false, soleWriter: true, snapshot: true})
  } catch (error) {
    for (const fd of fds) closeSync(fd)
    throw error
  }
}

/** Gives the copy its size and content, and makes both stable: the starting state is not part of what a run puts at risk. */
async function fill(base: Image, scratch: Scratch, touched: readonly Range[], libc: Libc | undefined): Promise<void> {
  try {
    ftruncateSync(scratch.fd, base.sizeBytes)
    await copyRanges(base, scratch.fd, touched, base.blockDevice ? undefined : libc)
    fsyncSync(scratch.fd)
  } catch (error) {
    if (error instanceof ToolError) throw error
    throw ioFailure(base.path, `copied to ${scratch.directory}`, error)
  }
}

function openScratch(scratch: Scratch, basePath: string, names: readonly string[]): number {
  try {
    return reopen(scratch.fd, scratch.name ?? scratch.directory, flagBits(names))
  } catch (error) {
    if (names.includes('O_DIRECT') && isDirectRefused(error)) {
      throw directRefusal(
        `the copy of ${basePath} in ${scratch.directory}`,
        fileSystemOf(scratch.directory).name,
        error,
      )
    }
    if (error instanceof ToolError) throw error
    throw openRefusal({path: scratch.directory, readOnly: false, blockDevice: false}, error)
  }
}

function makeScratch(base: Image, notes: string[]): Scratch {
  const temporary = tmpdir()
  let why = 'the image is a block device'
  if (!base.blockDevice) {
    const beside = dirname(realpathSync(base.path))
    const fileSystem = fileSystemOf(beside)
    try {
      if (!fileSystem.inMemory) return makeScratchIn(beside)
      why = `${beside} is in memory (${fileSystem.name})`
    } catch (error) {
      if (!NOT_HERE.has(codeOf(error))) throw openRefusal({path: beside, readOnly: false, blockDevice: false}, error)
      why = `no file can be made in ${beside} (${codeOf(error)})`
    }
  }
  try {
    const scratch = makeScratchIn(temporary)
    notes.push(`The throw-away copy is in ${temporary} (${fileSystemOf(temporary).name}), because ${why}.`)
    return scratch
  } catch (error) {
    const message = `no throw-away copy of ${base.path} can be made: ${why}, and ${temporary} takes no file`
    throw new ToolError('environment', 'E_NO_SCRATCH', `${message} (${codeOf(error)})`, {
      hint: 'Set TMPDIR to a folder you may write to, with some space.',
      context: {path: temporary},
      cause: error,
    })
  }
}
