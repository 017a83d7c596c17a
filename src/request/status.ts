/** Status byte of a virtio-blk request, and one value of our own for a request that never reached the device. */
export const STATUS_OK = 0
export const STATUS_IOERR = 1
export const STATUS_UNSUPP = 2
/** Not on the wire: cancelled before it started, or something it depends on failed. */
export const STATUS_CANCELED = 254
/** Not on the wire: not finished yet. */
export const STATUS_PENDING = 255

export type StatusName = 'OK' | 'IOERR' | 'UNSUPP' | 'CANCELED'

/** The name of a final status. */
export function statusName(status: number): StatusName {
  switch (status) {
    case STATUS_OK:
      return 'OK'
    case STATUS_IOERR:
      return 'IOERR'
    case STATUS_UNSUPP:
      return 'UNSUPP'
    case STATUS_CANCELED:
      return 'CANCELED'
    default:
      throw new Error(`no status ${status}`)
  }
}
