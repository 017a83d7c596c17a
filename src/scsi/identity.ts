/** Eight characters, as every field of INQUIRY filled with blanks. */
export const VENDOR_ID = 'FLUSHPT '
export const PRODUCT_ID = 'RAW DISK IMAGE  '
export const PRODUCT_REVISION = '1.0 '

/** As many characters as GET_ID of virtio-blk can tell, so that both name the disk alike. */
const SERIAL_CHARACTERS = 20

/** The id as a field of printable ASCII; what is none becomes "?". A disk without id has a blank for its number. */
export function serialNumber(id: string): string {
  const printable = id.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, SERIAL_CHARACTERS)
  return printable === '' ? ' ' : printable
}
