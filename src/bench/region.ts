import {formatBytesBoth, SECTOR_BYTES, ToolError} from '../base/index.js'
import type {Region} from './request-stream.js'
import type {Workload} from './workload.js'

/** What is known of an image when it is open. */
export interface Place {
  readonly name: string
  readonly sizeBytes: number
  /** Of O_DIRECT; 1 where anything goes. */
  readonly alignmentBytes: number
}

/**
 * Where a workload works on an image, and how much it transfers.
 *
 * @throws ToolError of kind usage: the image is too small, blocks are no multiple of the alignment, no block fits
 */
export function regionOf(workload: Workload, {name, sizeBytes, alignmentBytes}: Place): Region {
  const {bs, offsetBytes} = workload
  const unit = Math.max(SECTOR_BYTES, alignmentBytes)
  for (const [flag, bytes] of [
    ['--bs', bs.minBytes],
    ['--bs', bs.maxBytes],
    ['--offset', offsetBytes],
  ] as const) {
    if (bytes % unit === 0) continue
    const why = alignmentBytes > 1 ? `the ${unit} bytes that O_DIRECT needs on ${name}` : `a sector of ${unit} bytes`
    throw refusal('E_BENCH_ALIGNMENT', `${flag} ${bytes} is not a multiple of ${why}`, `Use a multiple of ${unit}.`)
  }
  if (offsetBytes >= sizeBytes) {
    throw refusal(
      'E_BENCH_SIZE',
      `--offset ${offsetBytes} is beyond ${name}, which has ${formatBytesBoth(sizeBytes)}`,
      'Choose an offset inside the image.',
    )
  }
  const asked = workload.sizeBytes ?? sizeBytes - offsetBytes
  if (offsetBytes + asked > sizeBytes) {
    const what = `${name} has ${formatBytesBoth(sizeBytes)}, less than --size ${asked}`
    const from = offsetBytes > 0 ? ` from --offset ${offsetBytes}` : ''
    throw refusal(
      'E_BENCH_SIZE',
      `${what}${from}`,
      'Leave --size out to use all of it, or make it larger (truncate -s).',
    )
  }
  const regionBytes = Math.floor(asked / bs.minBytes) * bs.minBytes
  if (regionBytes < bs.maxBytes) {
    throw refusal(
      'E_BENCH_SIZE',
      `no block of ${bs.maxBytes} bytes fits into the ${asked} bytes to work on`,
      'Use a smaller --bs or a larger --size.',
    )
  }
  return {offsetBytes, sizeBytes: regionBytes, totalBytes: totalOf(workload, regionBytes)}
}

/** Refuses to replay a trace where its requests do not fit. @throws ToolError of kind usage */
export function refuseShort(trace: string, {sizeBytes: endBytes = 0}: Workload, {name, sizeBytes}: Place): void {
  if (endBytes <= sizeBytes) return
  throw refusal(
    'E_BENCH_SIZE',
    `${name} has ${formatBytesBoth(sizeBytes)}, and the requests of ${trace} reach to byte ${endBytes}`,
    'Replay it on an image as large as the one it was recorded on.',
  )
}

/** A runtime repeats the region until its time is up, unless somebody says how much. */
function totalOf({ioSizeBytes, loops, runtimeNs}: Workload, regionBytes: number): number {
  if (ioSizeBytes !== undefined) return ioSizeBytes * (loops ?? 1)
  if (loops !== undefined || runtimeNs === undefined) return regionBytes * (loops ?? 1)
  return Number.POSITIVE_INFINITY
}

function refusal(code: string, message: string, hint: string): ToolError {
  return new ToolError('usage', code, message, {hint})
}
