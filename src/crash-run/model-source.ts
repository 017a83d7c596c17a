import {openSource, openTrace} from '../archive/index.js'
import {ToolError} from '../base/index.js'
import {CrashModel, type CrashOptions} from '../crash/index.js'
import {loadTrace, type HeaderDefaults, type Trace} from '../trace/index.js'
import {traceDigest} from './trace-digest.js'

/** A trace and how to look at it, as a command line names them. Plain values: they go to another thread as they are. */
export interface ModelRequest extends Omit<CrashOptions, 'base'> {
  /** File, binary or text. */
  readonly trace: string
  /** Image that holds what was there before the trace, where that does not know it. */
  readonly base?: string | undefined
  /** Tells what is in the base, where parts of an exploration have to agree on it. */
  readonly baseDigest?: string | undefined
}

/** A model whose base image is held open until close(). */
export interface OpenModel {
  readonly model: CrashModel
  readonly options: CrashOptions
  /** The same for the same trace, options and, where it is told, base. */
  readonly digest: () => string
  readonly close: () => void
}

/**
 * Reads a trace into memory and opens its base.
 *
 * @throws ToolError of kind environment (cannot be opened), format (damaged), usage (the base has another size than the image)
 */
export function openModel({trace: file, base, baseDigest, ...options}: ModelRequest): OpenModel {
  const trace = traceIn(file, base === undefined ? {} : OPEN_WITH_BASE)
  if (base === undefined) return opened(new CrashModel(trace, options), options, () => {})
  const {source, close} = openSource(base)
  try {
    if (source.sizeBytes !== trace.header.sizeBytes) {
      const sizes = `${source.sizeBytes} bytes, and the image of the trace ${trace.header.sizeBytes}`
      throw new ToolError('usage', 'E_BASE', `${base} has ${sizes}`, {
        hint: 'Give the image that was recorded; of a partition, a copy (flushpoint copy disk.img#p2 base.img). trace import --size says how large the image of a log was.',
        context: {path: base},
      })
    }
    const withBase: CrashOptions = {
      ...options,
      base: (offsetBytes, into) => into.set(source.read(offsetBytes, into.length)),
    }
    return opened(new CrashModel(trace, withBase), withBase, close, baseDigest)
  } catch (error) {
    close()
    throw error
  }
}

/**
 * Why a base is not looked at, as a sentence; undefined when it is, or there is none.
 *
 * @throws ToolError as openModel does of the trace
 */
export function unreadBase({trace, base}: Pick<ModelRequest, 'trace' | 'base'>): string | undefined {
  if (base === undefined) return undefined
  const {reading, close} = openTrace(trace, OPEN_WITH_BASE)
  close()
  if (reading.header.knownBefore !== 'whole') return undefined
  return `${trace} knows all that the image held before it: --base is not looked at`
}

/** A text that does not say it knows all of the image has the rest from the base. */
const OPEN_WITH_BASE: HeaderDefaults = {knownBefore: 'listed'}

function opened(model: CrashModel, options: CrashOptions, close: () => void, baseDigest?: string): OpenModel {
  return {model, options, digest: () => traceDigest(model, baseDigest), close}
}

function traceIn(file: string, defaults: HeaderDefaults): Trace {
  const {reading, close} = openTrace(file, defaults)
  try {
    return loadTrace(reading)
  } finally {
    close()
  }
}
