import {hasBits} from './addressing.js'
import {readBe} from './big-endian.js'
import type {ScsiCall, ScsiCommand} from './command.js'
import {PRODUCT_ID, PRODUCT_REVISION, VENDOR_ID} from './identity.js'
import {answer, check, type ScsiPlan} from './plan.js'
import {SENSE} from './sense.js'
import {vpdPage} from './vital-product-data.js'

const EVPD_BIT = 0x01
/** Asked for a description of one command in SCSI-2; obsolete, and not answered here. */
const CMDDT_BIT = 0x02
const STANDARD_BYTES = 36

/** Direct-access block device, SPC-3, response format 2. */
function standardData(): Uint8Array {
  const data = new Uint8Array(STANDARD_BYTES)
  data[2] = 0x05
  data[3] = 0x02
  data[4] = STANDARD_BYTES - 5
  data[7] = 0x02 // CMDQUE: more than one command at a time
  data.set(Buffer.from(VENDOR_ID + PRODUCT_ID + PRODUCT_REVISION, 'latin1'), 8)
  return data
}

function planInquiry(call: ScsiCall): ScsiPlan {
  const page = readBe(call.cdb, 2, 1)
  if (hasBits(call, CMDDT_BIT)) return check(SENSE.invalidField)
  if (!hasBits(call, EVPD_BIT) && page !== 0) return check(SENSE.invalidField)
  const data = hasBits(call, EVPD_BIT) ? vpdPage(page, call.device) : standardData()
  return data ? answer(data, readBe(call.cdb, 3, 2), call.inBytes) : check(SENSE.invalidField)
}

/** INQUIRY: what kind of device this is; with EVPD one of its vital product data pages. Source: SPC-3, 6.4. */
export const INQUIRY: readonly ScsiCommand[] = [
  {name: 'INQUIRY', opcode: 0x12, needsMedium: false, writes: false, plan: planInquiry},
]
