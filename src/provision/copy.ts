import {fstatSync, fsyncSync, statSync} from 'node:fs'
import {ToolError, type Range} from '../base/index.js'
import {cacheModeOf, type CacheMode} from '../cache-mode/index.js'
import {ioFailure, openImage, openSource, partOf, type Image, type ImageSource} from '../image/index.js'
import {compareSources, dataRanges, placeOfName, refuseShortened} from '../inspect/index.js'
import {loadLibc, type LibcAnswer} from '../native/index.js'
import {copyRanges, type CopyMethod, type CopyOptions, type CopySink, type Transferred} from './copy-data.js'
import {openCopyTarget, partialPathOf, type CopyTarget} from './copy-target.js'

export interface CopyOrder {
  readonly source: ImageSource
  /** The image that `source` is, or is a part of. */
  readonly whole: ImageSource
  readonly path: string
  readonly mode: CacheMode
  readonly force: boolean
  readonly resume: boolean
  readonly verify: boolean
  /** Read the source although somebody is writing to it. */
  readonly forceShare: boolean
  readonly signal: AbortSignal
  /** A new stage has begun, of so many bytes. */
  readonly stage: (name: 'comparing' | 'copying' | 'verifying', totalBytes: number) => Promise<Advance>
}

type Advance = (doneBytes: number) => Promise<void>

/** What a copy came to. */
export interface Copied {
  readonly sizeBytes: number
  /** What may be anything but zeroes, and had to be brought across. */
  readonly dataBytes: number
  readonly writtenBytes: number
  readonly method: CopyMethod
  readonly resumed: boolean
  /** Written to a block device or a partition, and not as a file of its own. */
  readonly inPlace: boolean
  /** Data is stable, and of a file size and name too. */
  readonly durable: boolean
  readonly verified: boolean
  /** Stopped by the signal; what is there waits under this name, undefined where it is written in place. */
  readonly stopped: {readonly partialPath: string | undefined} | undefined
  readonly notes: readonly string[]
}

/**
 * Copies an image, or a part of one. Holes stay holes. The copy gets its name only when it is complete, and, unless the cache mode
 * is unsafe, when its data is stable; the name is then made stable too. On a failure nothing is left of it; stopped by the signal,
 * it stays under another name and can be resumed: what is already like the source is not written again.
 *
 * @throws ToolError of kind environment (exists, locked, the source itself), io, or verdict when it does not verify
 */
export async function copyImage(order: CopyOrder): Promise<Copied> {
  refuseItself(order)
  const {whole, source, path, mode, force, resume, forceShare} = order
  // For its locks only: nobody may write to the source meanwhile.
  const lock = await openImage(whole.path, {mode: cacheModeOf('writeback'), readOnly: true, forceShare})
  try {
    const target = await openCopyTarget(path, {sizeBytes: source.sizeBytes, mode, force, resume})
    let done: Copied
    try {
      done = await copyInto(order, target, lockNotes(lock, target.image))
      if (done.stopped === undefined) target.finish(!mode.noFlush)
    } catch (error) {
      target.discard()
      throw error
    }
    if (done.stopped !== undefined) target.keep()
    return done
  } finally {
    lock.close()
  }
}

/** That a disk has whole sectors only does not matter here: a copy has every byte. */
function lockNotes(...images: readonly Image[]): string[] {
  const notes = images.flatMap((image) => (image.tailBytes === 0 ? image.notes : image.notes.slice(0, -1)))
  return [...new Set(notes)]
}

/** Also under the name it has until it is complete, and through links. */
function refuseItself({whole, path}: CopyOrder): void {
  const from = fstatSync(whole.fd, {bigint: true})
  const {path: named, part} = placeOfName(path)
  for (const candidate of part === undefined ? [named, partialPathOf(named)] : [named]) {
    const to = statSync(candidate, {bigint: true, throwIfNoEntry: false})
    if (to === undefined) continue
    const sameDevice = from.isBlockDevice() && to.isBlockDevice() && from.rdev === to.rdev
    if (!sameDevice && (from.dev !== to.dev || from.ino !== to.ino)) continue
    const [message, hint] =
      part === undefined
        ? [`${whole.path} and ${candidate} are the same image`, 'choose another name']
        : [`${path} is in the image that is copied from`, 'copy to a file first, and from there to the partition']
    throw new ToolError('usage', 'E_SAME_IMAGE', message, {
      hint: `An image is never copied onto itself: ${hint}.`,
      context: {path: candidate, op: 'copy'},
    })
  }
}

/** Thrown through a comparison when the signal comes. */
const STOP = new Error('stopped')

async function copyInto(order: CopyOrder, target: CopyTarget, notes: readonly string[]): Promise<Copied> {
  const {source, mode, signal, verify} = order
  const {image, resumed, blank, partialPath} = target
  const {volatile} = image
  const told = {
    sizeBytes: source.sizeBytes,
    dataBytes: (await wanted(source)).reduce((sum, {lengthBytes}) => sum + lengthBytes, 0),
    resumed,
    inPlace: partialPath === undefined,
    notes: [
      ...notes,
      ...target.notes,
      ...(volatile === undefined ? [] : [`Nothing of ${order.path} is sure to survive: ${volatile}.`]),
    ],
  }
  const stopped = (transferred: Transferred): Copied => {
    const {method, writtenBytes} = transferred
    return {...told, method, writtenBytes, durable: false, verified: false, stopped: {partialPath}}
  }
  const nothing: Transferred = {method: 'read and write', writtenBytes: 0, stopped: true}
  let ranges: readonly Range[]
  try {
    ranges = resumed ? await missing(order, image) : blank ? await wanted(source) : wholeOf(source)
  } catch (error) {
    if (error === STOP) return stopped(nothing)
    throw error
  }
  const progress = await order.stage('copying', told.dataBytes)
  const blockBytes = mode.direct ? image.alignmentBytes : 1
  const sink: CopySink = {path: image.path, fd: image.fd, startBytes: image.startBytes, blockBytes, blank}
  const native = await loadLibc()
  const transferred = await copyRanges(source, sink, ranges, {...kernelHelp(native, mode, image), signal, progress})
  if (transferred.stopped) return stopped(transferred)
  refuseShortened(source)
  if (!mode.noFlush) syncData(image)
  if (verify) {
    // What is asked is what the disk has, not what is still in memory. A kernel that does not let go of it compares that.
    if (native.ok) native.libc.dropCache(image.fd)
    try {
      await verifyCopy(order, target)
    } catch (error) {
      if (error === STOP) return stopped(transferred)
      throw error
    }
  }
  const {method, writtenBytes} = transferred
  const durable = !mode.noFlush && volatile === undefined
  return {...told, method, writtenBytes, durable, verified: verify, stopped: undefined}
}

function wholeOf({sizeBytes}: ImageSource): Range[] {
  return [{offsetBytes: 0, lengthBytes: sizeBytes}]
}

/** What may be anything but zeroes. */
async function wanted(source: ImageSource): Promise<readonly Range[]> {
  return (await dataRanges(source)) ?? wholeOf(source)
}

/**
 * What the kernel does for a copy. What goes through the page cache and knows no O_DSYNC is for the modes that want neither; and
 * only what is synced in the end has to be written back soon.
 */
function kernelHelp(native: LibcAnswer, mode: CacheMode, {fd}: Image): Pick<CopyOptions, 'libc' | 'startWriteback'> {
  if (!native.ok || mode.direct || mode.dsync) return {libc: undefined, startWriteback: undefined}
  const {libc} = native
  return {
    libc,
    startWriteback: mode.noFlush
      ? undefined
      : (offsetBytes, lengthBytes) => void libc.startWriteback(fd, offsetBytes, lengthBytes),
  }
}

/**
 * What a resumed copy still lacks: all that differs from the source. What it already has may be in the page cache only; the sync at
 * the end makes it stable, and fails if writing it back has failed since, for nobody has been told of that yet (fsync(2), errseq).
 */
async function missing(order: CopyOrder, image: Image): Promise<readonly Range[]> {
  const {ranges, rangeCount} = await compareWith(order, image, 'comparing')
  const last = ranges.at(-1)
  if (last === undefined || rangeCount === ranges.length) return ranges
  // Too many to list: all behind the last one listed.
  const fromBytes = last.offsetBytes + last.lengthBytes
  return [...ranges, {offsetBytes: fromBytes, lengthBytes: order.source.sizeBytes - fromBytes}]
}

async function verifyCopy(order: CopyOrder, {image, partialPath}: CopyTarget): Promise<void> {
  const {ranges, rangeCount} = await compareWith(order, image, 'verifying')
  const [first] = ranges
  if (first === undefined) return
  const message = `${order.path} differs from ${order.source.path} in ${rangeCount} places after it was copied, first at byte ${first.offsetBytes}`
  throw new ToolError('verdict', 'E_VERIFY', message, {
    hint: `Somebody wrote to the source meanwhile, or the storage does not keep what it is given. ${partialPath === undefined ? 'What was written is still there.' : 'The copy was removed.'}`,
    context: {path: order.path, offsetBytes: first.offsetBytes},
  })
}

async function compareWith({source, signal, stage}: CopyOrder, image: Image, name: 'comparing' | 'verifying') {
  const advance = await stage(name, source.sizeBytes)
  const copy = openSource(image.path)
  try {
    const part = partOf(copy, image.startBytes, source.sizeBytes)
    return await compareSources(source, part, {
      strict: false,
      threads: true,
      progress: async (doneBytes) => {
        await advance(doneBytes)
        if (signal.aborted) throw STOP
      },
    })
  } finally {
    copy.close()
  }
}

function syncData(image: Image): void {
  try {
    fsyncSync(image.fd)
  } catch (error) {
    throw ioFailure(image.path, 'made durable', error)
  }
}
