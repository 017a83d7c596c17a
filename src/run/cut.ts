import {joinRanges} from '../base/index.js'
import type {BatchRequest} from '../batch/index.js'
import type {Stability} from '../durability/index.js'
import {kindOfType} from '../request/index.js'
import type {AtRisk} from './result.js'

/** The stability of a write whose end lies behind the end of an image that somebody has cut meanwhile. */
export function cutStability(id: number, cutToBytes: number): Stability {
  const why = `the image was cut to ${cutToBytes} bytes meanwhile: what #${id} wrote behind that is gone`
  return {by: 'none', request: null, why}
}

/** Whether a request wrote behind the place where the image ends now. */
export function isCut(request: BatchRequest, cutToBytes: number | undefined): boolean {
  if (cutToBytes === undefined || request.lengthBytes === 0 || kindOfType(request.type)?.writes !== true) return false
  return request.offsetBytes + request.lengthBytes > cutToBytes
}

/** What is at risk, and what is gone already with the part of the image that was cut off. */
export function withCut(risk: AtRisk, written: readonly BatchRequest[], cutToBytes: number | undefined): AtRisk {
  const gone = written.flatMap((request) => {
    if (cutToBytes === undefined || !isCut(request, cutToBytes)) return []
    const offsetBytes = Math.max(request.offsetBytes, cutToBytes)
    return [{offsetBytes, lengthBytes: request.offsetBytes + request.lengthBytes - offsetBytes, requests: [request.id]}]
  })
  if (gone.length === 0) return risk
  const ranges = [...risk.ranges, ...gone].toSorted((a, b) => a.offsetBytes - b.offsetBytes)
  return {bytes: joinRanges(ranges).reduce((sum, range) => sum + range.lengthBytes, 0), ranges}
}
