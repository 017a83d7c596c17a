import type {RequestOutcome} from './result.js'

/** Whether a request ended as its batch asks: OK unless it says otherwise, and a SCSI command in the condition it names, or GOOD. */
export function endedAsExpected({request, status, scsi}: RequestOutcome): boolean {
  const asked = request.scsi?.sense
  if (status !== (request.expect ?? 'OK')) return false
  if (status !== 'OK' || scsi === undefined) return true
  if (asked === undefined || asked === 'none') return scsi.sense === undefined
  const {sense} = scsi
  return sense?.key === asked.key && sense.asc === asked.asc && sense.ascq === asked.ascq
}
