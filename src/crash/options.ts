import type {CacheModeName} from '../cache-mode/index.js'
import type {CrashKind} from '../durability/index.js'
import type {OrderingName} from '../ordering/index.js'

/** What ends the run, as users say it. */
export type CrashName = 'power' | 'os' | 'process'

/** The crash kind of the ledger behind each name. */
export const KIND_OF_NAME: Readonly<Record<CrashName, CrashKind>> = {
  power: 'powerLoss',
  os: 'osCrash',
  process: 'processKill',
}

/**
 * In which order what has completed reaches the medium. `unordered`: any. `epoch`: what a barrier keeps apart, in that order
 * (an order-only cache barrier). `fifo`: in the order of completion, what is in flight behind it in the order in which it was issued.
 * The device is everything below the tool: under a mode that goes through the page cache the host takes part in it, and a host
 * keeps no order by itself, so that anything but `unordered` is an assumption about both.
 */
export type DeviceOrder = 'unordered' | 'epoch' | 'fifo'

/**
 * What a crash takes away or leaves as a whole: sectors, aligned pages of 4096 bytes, all of a request; or less than a sector
 * (`torn`): a part of one that a crash may lose can be left half new and half old, or as garbage. Source: semantics 8.4.
 */
export type Atom = 512 | 4096 | 'request' | 'torn'

/** Fills the given bytes with what the image holds from an offset on; asked for where the trace does not know what was there before. */
export type BaseReader = (offsetBytes: number, into: Uint8Array) => void

/** Which images are asked for. What is left out is as recorded; a power cut, an unordered device and 512-byte atoms. */
export interface CrashOptions {
  readonly kind?: CrashName | undefined
  readonly mode?: CacheModeName | undefined
  readonly ordering?: OrderingName | undefined
  readonly device?: DeviceOrder | undefined
  readonly atom?: Atom | undefined
  readonly base?: BaseReader | undefined
}
