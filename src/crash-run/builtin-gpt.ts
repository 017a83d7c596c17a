import {crc32} from 'node:zlib'
import type {Check, CheckImage} from '../crash/index.js'

/** "EFI PART". UEFI 2.10, 5.3.2, table 5.5; so are the places of the fields below. */
const SIGNATURE = 0x5452415020494645n
const HEADER_BYTES_MIN = 92
const ENTRY_BYTES_MIN = 128
/** Far above the 16 KiB that a table has; a damaged header must not make the check read all of a disk. */
const TABLE_BYTES_MAX = 1 << 22

/**
 * Whether a partition table can be found: the primary GPT header with its table is valid, or that at the end of the disk is. UEFI
 * 2.10, 5.3.2: software checks the signature, the CRC of the header, that it lies where it says, and the CRC of the table; it uses
 * the backup if the primary is not valid. Logical blocks of 512 and of 4096 bytes are tried.
 */
export const gptCheck: Check = (image) => {
  const reasons = [512, 4096].map((blockBytes) => faultOfTables(image, blockBytes))
  if (!reasons.includes(undefined)) image.fail(`no valid partition table: ${reasons[0]}`)
}

function faultOfTables(image: CheckImage, blockBytes: number): string | undefined {
  const blocks = Math.floor(image.sizeBytes / blockBytes)
  if (blocks < 3) return `${blocks} blocks are too few for one`
  const primary = faultOf(image, blockBytes, 1, blocks)
  if (primary === undefined) return undefined
  const backup = faultOf(image, blockBytes, blocks - 1, blocks)
  return backup === undefined ? undefined : `the primary ${primary}, the backup ${backup}`
}

/** What is wrong with the header at a block, and the table it names. */
function faultOf(image: CheckImage, blockBytes: number, at: number, blocks: number): string | undefined {
  const bytes = image.read(at * blockBytes, blockBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getBigUint64(0, true) !== SIGNATURE) return 'has no signature'
  const headerBytes = view.getUint32(12, true)
  if (headerBytes < HEADER_BYTES_MIN || headerBytes > blockBytes) return `has a header of ${headerBytes} bytes`
  const header = bytes.slice(0, headerBytes)
  header.fill(0, 16, 20)
  if (crc32(header) !== view.getUint32(16, true)) return 'has a header with a wrong CRC'
  if (view.getBigUint64(24, true) !== BigInt(at)) return 'says it lies elsewhere'
  const [table, entries, entryBytes] = [view.getBigUint64(72, true), view.getUint32(80, true), view.getUint32(84, true)]
  const tableBytes = entries * entryBytes
  const end = table * BigInt(blockBytes) + BigInt(tableBytes)
  if (entryBytes < ENTRY_BYTES_MIN || tableBytes > TABLE_BYTES_MAX || end > BigInt(blocks) * BigInt(blockBytes)) {
    return 'has a table that cannot be'
  }
  if (crc32(image.read(Number(table) * blockBytes, tableBytes)) !== view.getUint32(88, true)) {
    return 'has a table with a wrong CRC'
  }
  return undefined
}
