import fs from 'node:fs'
import path from 'node:path'
import {codeOf, SECTOR_BYTES, ToolError} from '../base/index.js'
import {sectorOf, type BaseReader, type CrashState} from '../crash/index.js'
import {createImage, sameFile} from '../image/index.js'

export interface BuildOptions {
  /** Replaces a file that is there already. */
  readonly force?: boolean | undefined
  /** Files that may not be replaced even so. */
  readonly keeps?: readonly string[] | undefined
}

const CHUNK_BYTES = 2 ** 20

/**
 * Writes the image of a state to a sparse file. When it returns, the file and its name are stable; on any failure there is none, and
 * a file that was to be replaced is as it was.
 *
 * @throws ToolError of kind environment (exists, cannot be made), usage (it would replace what is read, or nobody knows what some of the
 *   image held before the trace), io
 */
export async function buildImage(state: CrashState, file: string, options: BuildOptions = {}): Promise<void> {
  const {before, trace} = state.point.model
  before.mustBeKnown()
  const {sizeBytes} = trace.header
  const target = options.force === true ? replaceable(file, options.keeps ?? []) : file
  const made = target === file && options.force !== true ? file : beside(target)
  const undo = await createImage(made, sizeBytes).catch((error: unknown) => {
    throw error instanceof ToolError && error.code === 'E_EXISTS' ? exists(file, error) : error
  })
  try {
    fill(made, state)
    if (made !== target) {
      fs.renameSync(made, target)
      syncFolder(path.dirname(target))
    }
  } catch (error) {
    undo()
    throw error instanceof ToolError ? error : writeFailed(file, error)
  }
}

function beside(target: string): string {
  return path.join(path.dirname(target), `.${path.basename(target)}.${process.pid}.part`)
}

function exists(file: string, cause: ToolError): ToolError {
  return new ToolError('environment', 'E_EXISTS', `${file} exists already; nothing was changed`, {
    hint: 'Choose another name, or replace it with --force.',
    context: {path: file, op: 'create'},
    cause,
  })
}

/** Where a name leads to, if what is there may be replaced. */
function replaceable(file: string, keeps: readonly string[]): string {
  const stat = fs.statSync(file, {throwIfNoEntry: false})
  if (stat === undefined) return file
  const kept = keeps.find((other) => sameFile(other, file))
  if (kept !== undefined || !stat.isFile()) {
    const why = kept === undefined ? 'is not a file' : `is ${kept}, which is read`
    throw new ToolError('usage', 'E_OUTPUT_FILE', `${file} ${why}: it is not replaced`, {
      hint: 'Choose another name.',
      context: {path: file},
    })
  }
  return fs.realpathSync(file)
}

function fill(file: string, state: CrashState): void {
  const fd = fs.openSync(file, 'r+')
  try {
    const {before, trace} = state.point.model
    const {base} = before
    const {sizeBytes} = trace.header
    if (base !== undefined) copyBase(fd, base, sizeBytes)
    for (const piece of piecesOf(state)) {
      const {offsetBytes} = piece
      const bytes = piece.bytes.subarray(0, sizeBytes - offsetBytes) // the last sector of an odd image is cut
      if (base !== undefined || !isZero(bytes)) writeAll(fd, bytes, offsetBytes)
    }
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

function copyBase(fd: number, base: BaseReader, sizeBytes: number): void {
  for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) {
    const bytes = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes - at))
    base(at, bytes)
    if (!isZero(bytes)) writeAll(fd, bytes, at)
  }
}

/** Sectors in a row that the trace knows the content of, put together. */
function* piecesOf(state: CrashState): Generator<{offsetBytes: number; bytes: Uint8Array}> {
  const sectors = knownSectors(state)
  for (let first = 0; first < sectors.length;) {
    let end = first + 1
    while (sectors[end] === (sectors[end - 1] ?? 0) + 1 && (end - first) * SECTOR_BYTES < CHUNK_BYTES) end++
    const bytes = new Uint8Array((end - first) * SECTOR_BYTES)
    for (let i = first; i < end; i++) bytes.set(sectorOf(state, sectors[i] ?? 0), (i - first) * SECTOR_BYTES)
    yield {offsetBytes: (sectors[first] ?? 0) * SECTOR_BYTES, bytes}
    first = end
  }
}

function knownSectors({point}: CrashState): number[] {
  const {trace, units} = point.model
  const sectors = new Set<number>()
  for (const {offsetBytes, bytes} of trace.before) {
    const end = Math.ceil((offsetBytes + bytes.length) / SECTOR_BYTES)
    for (let sector = Math.floor(offsetBytes / SECTOR_BYTES); sector < end; sector++) sectors.add(sector)
  }
  for (let unit = 0; unit < units.count; unit++) for (const sector of units.sectorsOf(unit)) sectors.add(sector)
  return [...sectors].toSorted((a, b) => a - b)
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

function writeAll(fd: number, bytes: Uint8Array, offsetBytes: number): void {
  for (let done = 0; done < bytes.length;) {
    done += fs.writeSync(fd, bytes, done, bytes.length - done, offsetBytes + done)
  }
}

function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

function writeFailed(file: string, error: unknown): ToolError {
  const code = codeOf(error) ?? String(error)
  return new ToolError('io', 'E_OUTPUT_FILE', `${file}: writing failed (${code})`, {
    hint: code === 'ENOSPC' ? 'The disk is full.' : 'Nothing was left under that name.',
    context: {path: file, op: 'write'},
    cause: error,
  })
}
