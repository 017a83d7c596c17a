import {readBe} from './big-endian.js'
import {blocksOf, type ScsiCall, type ScsiCommand, type ScsiDevice} from './command.js'
import {BLOCK_DESCRIPTOR_BYTES, modeHeaderBytes, modeListBytes, readModeHeader} from './mode-header.js'
import {CACHING_PAGE, MODE_PAGES, PAGE_HEADER_BYTES, wceOf} from './mode-page.js'
import {check, good, type ScsiPlan} from './plan.js'
import {SENSE, type Sense} from './sense.js'

const PF_BIT = 0x10
const SP_BIT = 0x01
const PAGE_CODE_BITS = 0x3f
const SUBPAGE_BIT = 0x40
/** In a block descriptor: all blocks, or as many as there are. */
const ALL_BLOCKS = [0, 0xffffffff]

/** The pages of a list, all of them well formed and asking for no more than may change; or what is wrong with the first bad one. */
function readPages(bytes: Uint8Array, device: ScsiDevice): Sense | readonly Uint8Array[] {
  const pages: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const page = bytes.subarray(at, at + PAGE_HEADER_BYTES + readBe(bytes, at + 1, 1))
    if (at + PAGE_HEADER_BYTES + readBe(bytes, at + 1, 1) > bytes.length) return SENSE.parameterListLength
    const head = readBe(page, 0, 1)
    const known = MODE_PAGES.find((candidate) => candidate.code === (head & PAGE_CODE_BITS))
    if ((head & SUBPAGE_BIT) !== 0 || !known?.offered(device)) return SENSE.invalidParameter
    if (page.length !== known.lengthBytes) return SENSE.invalidParameter
    const now = known.current(device)
    const changeable = known.changeable(device)
    for (let i = PAGE_HEADER_BYTES; i < page.length; i++) {
      const differs = (readBe(page, i, 1) ^ readBe(now, i, 1)) & ~readBe(changeable, i, 1)
      if (differs !== 0) return SENSE.invalidParameter
    }
    pages.push(page)
    at += page.length
  }
  return pages
}

/** A block descriptor may repeat what is, and nothing else: neither capacity nor block size can be set. */
function isOurGeometry(descriptor: Uint8Array, device: ScsiDevice): boolean {
  const blocks = readBe(descriptor, 0, 4)
  const blockBytes = readBe(descriptor, 5, 3)
  const sameBlocks = ALL_BLOCKS.includes(blocks) || blocks === blocksOf(device)
  return sameBlocks && (blockBytes === 0 || blockBytes === device.logicalBlockBytes)
}

function planModeSelect(call: ScsiCall): ScsiPlan {
  const {cdb, device} = call
  const opcode = readBe(cdb, 0, 1)
  // The list has to be made of pages, and nothing can be saved.
  if ((readBe(cdb, 1, 1) & (PF_BIT | SP_BIT)) !== PF_BIT) return check(SENSE.invalidField)
  const listBytes = modeListBytes(cdb)
  if (listBytes === 0) return good()
  const list = call.dataOut.subarray(0, listBytes)
  if (list.length < listBytes || listBytes < modeHeaderBytes(opcode)) return check(SENSE.parameterListLength)
  const {lengthBytes, descriptorBytes} = readModeHeader(list, opcode)
  const pagesAt = lengthBytes + descriptorBytes
  if (pagesAt > listBytes) return check(SENSE.parameterListLength)
  if (descriptorBytes !== 0 && descriptorBytes !== BLOCK_DESCRIPTOR_BYTES) return check(SENSE.invalidParameter)
  if (!isOurGeometry(list.subarray(lengthBytes, pagesAt), device)) return check(SENSE.invalidParameter)

  const pages = readPages(list.subarray(pagesAt), device)
  if (!isList(pages)) return check(pages)
  const caching = pages.findLast((page) => (readBe(page, 0, 1) & PAGE_CODE_BITS) === CACHING_PAGE)
  if (!caching) return good(listBytes)
  const writeCacheEnabled = wceOf(caching)
  return {
    kind: 'set-cache',
    writeCacheEnabled,
    flush: !writeCacheEnabled && device.hasMedium,
    transferredBytes: listBytes,
  }
}

function isList(pages: Sense | readonly Uint8Array[]): pages is readonly Uint8Array[] {
  return Array.isArray(pages)
}

function modeSelectRow(opcode: number, name: string): ScsiCommand {
  return {name, opcode, needsMedium: false, writes: false, dataOutBytes: modeListBytes, plan: planModeSelect}
}

/**
 * MODE SELECT: switches the write cache, the only thing that can be changed. The whole list is judged before any of it counts.
 *
 * Source: SPC-3, 6.7 and 6.8; the flush at switching off as QEMU hw/scsi/scsi-disk.c.
 */
export const MODE_SELECT: readonly ScsiCommand[] = [
  modeSelectRow(0x15, 'MODE SELECT(6)'),
  modeSelectRow(0x55, 'MODE SELECT(10)'),
]
