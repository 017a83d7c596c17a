import {alignedBytes} from '../aio/index.js'
import {OUT} from '../request/index.js'
import {CheckedContent, UnitMap} from './content.js'
import type {Region, RequestStream} from './request-stream.js'
import type {Workload} from './workload.js'

/** What a verification found. */
export interface Verified {
  readonly units: number
  readonly unitBytes: number
  /** Units that do not hold what was written to them. */
  readonly wrong: number
  /** The first of those: the byte, and what is wrong there. */
  readonly first: {readonly offsetBytes: number; readonly what: string} | undefined
}

/** The units that the writes of a stream cover. */
export function unitsOf(stream: RequestStream, {bs}: Workload, region: Region): UnitMap {
  const units = new UnitMap(region.sizeBytes / bs.minBytes)
  while (stream.next()) {
    if (stream.type !== OUT.type) continue
    units.add((stream.offsetBytes - region.offsetBytes) / bs.minBytes, stream.lengthBytes / bs.minBytes)
  }
  return units
}

/** Reads units back and compares them with what a workload writes there. @param read fills the bytes from an offset of the image */
export function verifyUnits(
  units: UnitMap,
  {bs, randseed}: Workload,
  region: Region,
  read: (offsetBytes: number, target: Uint8Array) => void,
): Verified {
  const content = new CheckedContent(bs.minBytes, randseed)
  const found = alignedBytes(bs.minBytes) // the image may be open with O_DIRECT
  let [seen, wrong] = [0, 0]
  let first: Verified['first']
  for (let unit = 0; unit < units.count; unit++) {
    if (!units.has(unit)) continue
    seen++
    const offsetBytes = region.offsetBytes + unit * bs.minBytes
    found.fill(0)
    read(offsetBytes, found)
    const at = content.firstDifference(found, offsetBytes)
    if (at < 0) continue
    wrong++
    first ??= {offsetBytes: offsetBytes + at, what: wordsOf(content, found, at, offsetBytes)}
  }
  return {units: seen, unitBytes: bs.minBytes, wrong, first}
}

function wordsOf(content: CheckedContent, found: Uint8Array, at: number, offsetBytes: number): string {
  if (at === 0 && content.isForeign(found)) return 'no block of a workload that can be verified begins here'
  const expected = new Uint8Array(found.length)
  content.fill(expected, offsetBytes)
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(at, at + 4)).toString('hex')
  return `${hex(found)} in place of ${hex(expected)}`
}
