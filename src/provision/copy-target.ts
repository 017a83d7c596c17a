import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import {dirname} from 'node:path'
import {codeOf, formatBytes, formatBytesBoth, ToolError, type Range} from '../base/index.js'
import {cacheModeOf, type CacheMode} from '../cache-mode/index.js'
import {createImage, ioFailure, openImage, resizeImage, syncDirectory, type Image} from '../image/index.js'
import {placeOfName} from '../inspect/index.js'

/** Where a copy goes, open and locked. Ends with exactly one of finish(), keep() and discard(). */
export interface CopyTarget {
  readonly image: Image
  /** What is in it already may be part of the copy. */
  readonly resumed: boolean
  /** Nothing but zeroes is in it. */
  readonly blank: boolean
  /** What a stopped copy leaves behind; undefined where it is written in place. */
  readonly partialPath: string | undefined
  /** What to know about the place, as sentences. */
  readonly notes: readonly string[]
  /** The copy is complete and, if asked for, synced: it gets its name, and that is made stable. */
  finish(sync: boolean): void
  /** Stopped: what is there stays, to be resumed. */
  keep(): void
  /** Failed: what was made is removed. */
  discard(): void
}

export interface TargetOptions {
  readonly sizeBytes: number
  readonly mode: CacheMode
  readonly force: boolean
  readonly resume: boolean
}

/** The name of a copy until it is complete. */
export function partialPathOf(path: string): string {
  return `${path}.partial`
}

/**
 * Opens where a copy goes. A file is made under another name, so that its own name never stands for half a copy; a block device and
 * a partition (disk.img#p2) are written in place. Nothing that exists is touched without `force`.
 *
 * @throws ToolError of kind environment (exists, locked, too small, denied), usage or io
 */
export async function openCopyTarget(path: string, options: TargetOptions): Promise<CopyTarget> {
  const {path: whole, part} = placeOfName(path)
  if (part !== undefined) return openInPlace(path, {path: whole, part, what: 'a partition'}, options)
  if (!existsSync(path) || !statSync(path).isBlockDevice()) return openFile(path, options)
  return openInPlace(path, {path, part: undefined, what: 'a block device'}, options)
}

interface InPlace {
  readonly path: string
  readonly part: Range | undefined
  readonly what: string
}

async function openInPlace(
  name: string,
  {path, part, what}: InPlace,
  {sizeBytes, mode, force, resume}: TargetOptions,
): Promise<CopyTarget> {
  if (!force) throw existsRefusal(name, `is ${what}: what is on it would be gone`)
  const image = await openImage(path, {mode, readOnly: false, forceShare: false, part})
  const restBytes = image.sizeBytes - sizeBytes
  if (restBytes < 0) {
    image.close()
    const message = `${name} has ${formatBytesBoth(image.sizeBytes)}, the image ${formatBytesBoth(sizeBytes)}`
    throw new ToolError('environment', 'E_TOO_SMALL', message, {
      hint: 'Choose a larger place, or make the image smaller first (flushpoint resize --shrink).',
      context: {path, op: 'copy'},
    })
  }
  const close = (): void => image.close()
  const notes =
    restBytes === 0 ? [] : [`${name} is ${formatBytes(restBytes)} larger than the image: what was there stays there.`]
  return {
    image,
    resumed: resume,
    blank: false,
    partialPath: undefined,
    notes,
    finish: close,
    keep: close,
    discard: close,
  }
}

async function openFile(named: string, {sizeBytes, mode, force, resume}: TargetOptions): Promise<CopyTarget> {
  const exists = isThere(named)
  if (exists && !force) throw existsRefusal(named, 'exists already')
  // Through links, so that the file they lead to is the one replaced.
  const path = existsSync(named) ? realpathSync(named) : named
  const partialPath = partialPathOf(path)
  const held = exists ? await holdOld(path) : undefined
  try {
    const resumed = isThere(partialPath)
    if (resumed && !resume) throw partialRefusal(partialPath)
    if (resumed) refuseOther(partialPath, path)
    if (resumed) await resizeImage(partialPath, sizeBytes, true)
    const undo = resumed ? () => rmSync(partialPath, {force: true}) : await createImage(partialPath, sizeBytes)
    try {
      const image = await openImage(partialPath, {mode, readOnly: false, forceShare: false})
      const made = {image, resumed, blank: !resumed, partialPath, notes: []}
      return {...made, ...endings({image, held, path, partialPath, exists, undo})}
    } catch (error) {
      if (!resumed) undo()
      throw error instanceof ToolError && error.code === 'E_DIRECT_SIZE' ? oddRefusal(named, mode, error) : error
    }
  } catch (error) {
    held?.close()
    throw error
  }
}

interface FileTarget {
  readonly image: Image
  readonly held: Image | undefined
  readonly path: string
  readonly partialPath: string
  readonly exists: boolean
  readonly undo: () => void
}

function endings({image, held, path, partialPath, exists, undo}: FileTarget) {
  const close = (): void => {
    image.close()
    held?.close()
  }
  return {
    finish(sync: boolean): void {
      try {
        if (exists) replace(partialPath, path)
        else putInPlace(partialPath, path)
        if (sync) syncDirectory(dirname(path))
      } catch (error) {
        throw error instanceof ToolError ? error : ioFailure(path, 'given its name', error)
      }
      close()
    },
    keep: close,
    discard(): void {
      close()
      undo()
    },
  }
}

/** A link that leads nowhere is there as well. */
function isThere(path: string): boolean {
  return lstatSync(path, {throwIfNoEntry: false}) !== undefined
}

/** What goes on is what a copy left half done: never what a link leads to, nor a file that has its own name already. */
function refuseOther(partialPath: string, path: string): void {
  const partial = lstatSync(partialPath, {bigint: true})
  const named = lstatSync(path, {bigint: true, throwIfNoEntry: false})
  if (named !== undefined && named.dev === partial.dev && named.ino === partial.ino) {
    throw new ToolError('environment', 'E_EXISTS', `${path} is complete; ${partialPath} is another name of it`, {
      hint: `A copy was killed at its very end and left that name: remove ${partialPath}.`,
      context: {path, op: 'copy'},
    })
  }
  if (partial.isFile()) return
  throw new ToolError('environment', 'E_PARTIAL', `${partialPath} is no file that a copy has left`, {
    hint: 'Look at what it is, and remove it.',
    context: {path: partialPath, op: 'copy'},
  })
}

/** The file is gone again: advice to pad it would lead nowhere. */
function oddRefusal(path: string, mode: CacheMode, cause: ToolError): ToolError {
  const message = `${path} cannot be written with O_DIRECT (--cache ${mode.name}): its size is no multiple of the blocks that asks for`
  return new ToolError('environment', 'E_DIRECT_SIZE', message, {
    hint: 'Choose --cache writeback or writethrough.',
    context: {path, op: 'copy'},
    cause,
  })
}

/** Takes the locks of an image that is about to be replaced: nobody may be using it. One that is too small to be an image has none. */
async function holdOld(path: string): Promise<Image | undefined> {
  try {
    return await openImage(path, {mode: cacheModeOf('writeback'), readOnly: false, forceShare: false})
  } catch (error) {
    if (error instanceof ToolError && error.code === 'E_EMPTY') return undefined
    throw error
  }
}

/** The new image keeps the permissions of the old one. */
function replace(partialPath: string, path: string): void {
  chmodSync(partialPath, statSync(path).mode & 0o7777)
  renameSync(partialPath, path)
}

/** link(2) refuses a name that somebody has taken meanwhile; rename(2) would not. */
function putInPlace(partialPath: string, path: string): void {
  try {
    linkSync(partialPath, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw existsRefusal(path, 'was made by somebody else meanwhile')
    if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'EOPNOTSUPP' && codeOf(error) !== 'ENOTSUP') throw error
    renameSync(partialPath, path) // a file system without hard links
    return
  }
  unlinkSync(partialPath)
}

function existsRefusal(path: string, what: string): ToolError {
  return new ToolError('environment', 'E_EXISTS', `${path} ${what}; nothing was changed`, {
    hint: 'Choose another name, or add --force to replace it.',
    context: {path, op: 'copy'},
  })
}

function partialRefusal(partialPath: string): ToolError {
  return new ToolError(
    'environment',
    'E_PARTIAL',
    `${partialPath} is there: another copy was stopped, or is under way`,
    {
      hint: 'Add --resume to go on with it, or remove it.',
      context: {path: partialPath, op: 'copy'},
    },
  )
}
