import type {ImageSource} from '../image/index.js'
import type {Libc, LibcAnswer} from '../native/index.js'

/** Where data ends and a hole begins is asked for no more often: a report must not take minutes. */
const STEPS_MAX = 1_000_000

/** How much of an image is data for the file system that keeps it. */
export interface Sparseness {
  /** What SEEK_DATA calls data: written, and on most file systems also reserved; a hole is neither. */
  readonly dataBytes: number
  readonly dataRanges: number
  readonly holes: number
  readonly largestHoleBytes: number
  /** False when there were too many to count: the figures are those of the start. */
  readonly complete: boolean
}

/** Counts the holes of a source. @returns the reason where the system does not tell them */
export function sparsenessOf(native: LibcAnswer, source: ImageSource): Sparseness | string {
  if (source.blockDevice) return 'a block device does not tell where it has holes'
  if (!native.ok) return native.reason
  return countHoles((offsetBytes, to) => native.libc.seek(source.fd, offsetBytes, to), source)
}

/** @param seek as `Libc.seek`, on the descriptor of the source */
export function countHoles(
  seek: (offsetBytes: number, to: 'data' | 'hole') => ReturnType<Libc['seek']>,
  {startBytes, sizeBytes}: Pick<ImageSource, 'startBytes' | 'sizeBytes'>,
): Sparseness | string {
  const endBytes = startBytes + sizeBytes
  const counts = {dataBytes: 0, dataRanges: 0, holes: 0, largestHoleBytes: 0}
  let cursor = startBytes
  for (let step = 0; cursor < endBytes; step++) {
    if (step === STEPS_MAX) return {...counts, complete: false}
    const found = seek(cursor, 'data')
    if (found < 0 && found !== -ENXIO) return 'the file system does not tell where its holes are'
    const data = found < 0 ? endBytes : Math.min(found, endBytes)
    if (data > cursor) {
      counts.holes++
      counts.largestHoleBytes = Math.max(counts.largestHoleBytes, data - cursor)
    }
    if (data === endBytes) break
    const hole = seek(data, 'hole')
    const dataEnd = hole < 0 ? endBytes : Math.min(hole, endBytes)
    if (dataEnd <= data) break // changed meanwhile: do not go round in circles
    counts.dataRanges++
    counts.dataBytes += dataEnd - data
    cursor = dataEnd
  }
  return {...counts, complete: true}
}

/** What lseek(2) answers behind the last data. */
const ENXIO = 6
