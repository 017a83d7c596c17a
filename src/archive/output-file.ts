import fs from 'node:fs'
import path from 'node:path'

import {codeOf, ToolError} from '../base/index.js'
import {TraceRecorder, type TraceHeader, type TraceReading} from '../trace/index.js'

/** A file on its way. Until commit() nothing stands under its name that was not there before. */
export interface OutputFile {
  /** `closed`: the reader of stdout has gone and wants no more. */
  write(bytes: Uint8Array): 'written' | 'closed'
  /** Puts the file under its name. */
  commit(): void
  /** Forgets it. Does nothing after commit(). */
  discard(): void
}

const STDOUT = '-'
const STDOUT_FD = 1
const WAIT_MS = 5

/**
 * Opens a file for writing. It is written beside its name and renamed when it is whole; a device, or "-" for stdout, is
 * written as it comes. A file that is there already is replaced.
 *
 * @throws ToolError of kind environment when it cannot be made, of kind io when writing fails
 */
export function createOutput(name: string): OutputFile {
  if (name === STDOUT) return streamTo(STDOUT_FD, 'stdout', () => {})
  const target = targetOf(name)
  if (target.isSpecial) {
    const fd = opened(name, name, 'w')
    return streamTo(fd, name, closerOf(fd))
  }
  const beside = path.join(path.dirname(target.path), `.${path.basename(target.path)}.${process.pid}.part`)
  const fd = opened(beside, name, 'wx')
  const close = closerOf(fd)
  return {
    write: (bytes) => writeAll(fd, bytes, name),
    commit() {
      try {
        fs.fsyncSync(fd)
        close()
        fs.renameSync(beside, target.path)
      } catch (error) {
        fs.rmSync(beside, {force: true})
        throw writeFailed(name, error)
      }
    },
    discard() {
      if (close()) fs.rmSync(beside, {force: true})
    },
  }
}

/** What stands where the name leads to. */
function targetOf(name: string): {readonly path: string; readonly isSpecial: boolean} {
  const target = linkedPath(name)
  let stat: fs.Stats | undefined
  try {
    stat = fs.statSync(target, {throwIfNoEntry: false})
  } catch (error) {
    throw cannotCreate(name, error)
  }
  if (stat?.isDirectory()) throw cannotCreate(name, Object.assign(new Error('is a directory'), {code: 'EISDIR'}))
  return {path: target, isSpecial: stat?.isFile() === false}
}

/**
 * Where a name leads to: links are followed, so that they stay links, also where nothing stands there yet. What cannot be followed is
 * left to whoever opens it.
 */
export function linkedPath(name: string): string {
  try {
    return fs.realpathSync(name)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return name
  }
  try {
    const folder = fs.realpathSync(path.dirname(name))
    const entry = path.join(folder, path.basename(name))
    const isLink = fs.lstatSync(entry, {throwIfNoEntry: false})?.isSymbolicLink() === true
    return isLink ? linkedPath(path.resolve(folder, fs.readlinkSync(entry))) : entry
  } catch {
    return name
  }
}

function opened(file: string, name: string, flags: string): number {
  try {
    return fs.openSync(file, flags)
  } catch (error) {
    throw cannotCreate(name, error)
  }
}

/** Closes it once, however often it is called: later the number may be somebody else's. @returns whether it was this call */
function closerOf(fd: number): () => boolean {
  let isOpen = true
  return () => {
    if (!isOpen) return false
    isOpen = false
    fs.closeSync(fd)
    return true
  }
}

function streamTo(fd: number, name: string, end: () => unknown): OutputFile {
  return {write: (bytes) => writeAll(fd, bytes, name), commit: end, discard: end}
}

function writeAll(fd: number, bytes: Uint8Array, name: string): 'written' | 'closed' {
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs.writeSync(fd, bytes, done, bytes.length - done)
    } catch (error) {
      if (fd === STDOUT_FD && codeOf(error) === 'EPIPE') return 'closed'
      // A pipe somebody made non-blocking, and its reader is slow.
      if (codeOf(error) !== 'EAGAIN') throw writeFailed(name, error)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS)
    }
  }
  return 'written'
}

function cannotCreate(name: string, error: unknown): ToolError {
  const code = codeOf(error) ?? String(error)
  return new ToolError('environment', 'E_OUTPUT_FILE', `${name}: cannot be made (${code})`, {
    hint: code === 'EISDIR' ? 'Name a file in it.' : 'Check that its folder exists and may be written to.',
    context: {path: name},
    cause: error,
  })
}

function writeFailed(name: string, error: unknown): ToolError {
  const code = codeOf(error) ?? String(error)
  return new ToolError('io', 'E_OUTPUT_FILE', `${name}: writing failed (${code})`, {
    hint: code === 'ENOSPC' ? 'The disk is full.' : 'Nothing was left under that name.',
    context: {path: name, op: 'write'},
    cause: error,
  })
}

/** A recorder that writes to a file; commit() closes the trace and puts it under its name. */
export function recordTo(
  name: string,
  header: TraceHeader,
): {readonly recorder: TraceRecorder; readonly file: OutputFile} {
  const output = createOutput(name)
  try {
    const recorder = new TraceRecorder((bytes) => output.write(bytes), header)
    const file = {
      write: (bytes: Uint8Array) => output.write(bytes),
      commit() {
        recorder.close()
        output.commit()
      },
      discard: () => output.discard(),
    }
    return {recorder, file}
  } catch (error) {
    output.discard()
    throw error
  }
}

/** Writes all of a trace to a file in the binary format. @returns the number of its events */
export function writeTrace(name: string, {header, before, events}: TraceReading): number {
  const {recorder, file} = recordTo(name, header)
  let count = 0
  try {
    for (const {offsetBytes, bytes} of before) recorder.before(offsetBytes, bytes)
    for (const {event, data} of events) {
      recorder.event(event, data)
      count++
    }
    file.commit()
  } finally {
    file.discard()
  }
  return count
}
