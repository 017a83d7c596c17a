import {writeBe} from './big-endian.js'
import type {ScsiDevice} from './command.js'
import {serialNumber, VENDOR_ID} from './identity.js'
import {UNMAP_DESCRIPTORS_MAX} from './unmap.js'

/** One vital product data page: what follows its 4-byte header. */
interface VpdPage {
  readonly code: number
  readonly body: (device: ScsiDevice) => Uint8Array
}

const HEADER_BYTES = 4
const BLOCK_PAGE_BYTES = 60

function supportedPages(): Uint8Array {
  return Uint8Array.from(VPD_PAGES, ({code}) => code)
}

function unitSerialNumber(device: ScsiDevice): Uint8Array {
  return Buffer.from(serialNumber(device.id), 'latin1')
}

/** One designator: ASCII, of the logical unit, vendor and serial number. */
function deviceIdentification(device: ScsiDevice): Uint8Array {
  const name = Buffer.from(VENDOR_ID + serialNumber(device.id), 'latin1')
  return Uint8Array.from([0x02, 0x01, 0x00, name.length, ...name])
}

function blockLimits(device: ScsiDevice): Uint8Array {
  const body = new Uint8Array(BLOCK_PAGE_BYTES)
  body[0] = 0x01 // WSNZ: WRITE SAME wants a number of blocks
  if (device.unmapOffered) {
    writeBe(body, 16, 4, 0xffffffff) // blocks in one UNMAP: no limit
    writeBe(body, 20, 4, UNMAP_DESCRIPTORS_MAX)
  }
  return body
}

/** Rotation and form factor stay "not reported": a file can lie on anything. */
function blockCharacteristics(): Uint8Array {
  return new Uint8Array(BLOCK_PAGE_BYTES)
}

function provisioning(device: ScsiDevice): Uint8Array {
  // LBPU, LBPWS, LBPWS10; type 2, thin. LBPRZ stays 0: what UNMAP leaves behind is unspecified.
  return Uint8Array.from(device.unmapOffered ? [0, 0xe0, 0x02, 0] : [0, 0, 0, 0])
}

/** Source: SPC-3, 7.6, and SBC-3, vital product data parameters. */
const VPD_PAGES: readonly VpdPage[] = [
  {code: 0x00, body: supportedPages},
  {code: 0x80, body: unitSerialNumber},
  {code: 0x83, body: deviceIdentification},
  {code: 0xb0, body: blockLimits},
  {code: 0xb1, body: blockCharacteristics},
  {code: 0xb2, body: provisioning},
]

/** A vital product data page with its header, or undefined when this disk does not have it. */
export function vpdPage(code: number, device: ScsiDevice): Uint8Array | undefined {
  const page = VPD_PAGES.find((candidate) => candidate.code === code)
  if (!page) return undefined
  const body = page.body(device)
  const bytes = new Uint8Array(HEADER_BYTES + body.length)
  bytes[1] = code
  writeBe(bytes, 2, 2, body.length)
  bytes.set(body, HEADER_BYTES)
  return bytes
}
