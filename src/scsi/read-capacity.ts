import {readBe, writeBe} from './big-endian.js'
import {blocksOf, type ScsiCall, type ScsiCommand} from './command.js'
import {answer, check, type ScsiPlan} from './plan.js'
import {SENSE} from './sense.js'

const PMI_BIT = 0x01
const LBPME_BIT = 0x80
const LBA_32_MAX = 2 ** 32 - 1
const CAPACITY_10_BYTES = 8
const CAPACITY_16_BYTES = 32

/** Without PMI an address says nothing and must be 0; with it the answer is the same here, no block being slow to reach. */
function planCapacity(call: ScsiCall, lba: number, pmi: boolean, reply: (lastLba: number) => ScsiPlan): ScsiPlan {
  if (!pmi && lba !== 0) return check(SENSE.invalidField)
  const blocks = blocksOf(call.device)
  // A disk of no blocks has no last one.
  return blocks === 0 ? check(SENSE.notReady) : reply(blocks - 1)
}

function planCapacity10(call: ScsiCall): ScsiPlan {
  const pmi = (readBe(call.cdb, 8, 1) & PMI_BIT) !== 0
  return planCapacity(call, readBe(call.cdb, 2, 4), pmi, (lastLba) => {
    const data = new Uint8Array(CAPACITY_10_BYTES)
    writeBe(data, 0, 4, Math.min(lastLba, LBA_32_MAX))
    writeBe(data, 4, 4, call.device.logicalBlockBytes)
    return answer(data, CAPACITY_10_BYTES, call.inBytes)
  })
}

function planCapacity16(call: ScsiCall): ScsiPlan {
  const {cdb, device} = call
  const pmi = (readBe(cdb, 14, 1) & PMI_BIT) !== 0
  return planCapacity(call, readBe(cdb, 2, 8), pmi, (lastLba) => {
    const data = new Uint8Array(CAPACITY_16_BYTES)
    writeBe(data, 0, 8, lastLba)
    writeBe(data, 8, 4, device.logicalBlockBytes)
    data[13] = device.physicalBlockExponent & 0x0f
    data[14] = device.unmapOffered ? LBPME_BIT : 0
    return answer(data, readBe(cdb, 10, 4), call.inBytes)
  })
}

/** READ CAPACITY: the address of the last block and the size of one. Source: SBC-3, READ CAPACITY (10, 16). */
export const READ_CAPACITY: readonly ScsiCommand[] = [
  {name: 'READ CAPACITY(10)', opcode: 0x25, needsMedium: true, writes: false, plan: planCapacity10},
  {
    name: 'READ CAPACITY(16)',
    opcode: 0x9e,
    serviceAction: 0x10,
    needsMedium: true,
    writes: false,
    plan: planCapacity16,
  },
]
