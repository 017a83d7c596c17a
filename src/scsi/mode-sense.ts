import {hasBits} from './addressing.js'
import {readBe} from './big-endian.js'
import type {ScsiCall, ScsiCommand, ScsiDevice} from './command.js'
import {modeData, modeListBytes} from './mode-header.js'
import {MODE_PAGES, type ModePage} from './mode-page.js'
import {answer, check, type ScsiPlan} from './plan.js'
import {SENSE} from './sense.js'

const DBD_BIT = 0x08
const ALL_PAGES = 0x3f
const NO_SUBPAGE = 0x00
const ALL_SUBPAGES = 0xff

/** Which values a guest wants: the upper two bits of byte 2. */
const CONTROLS = ['current', 'changeable', 'default', 'saved'] as const
type Control = (typeof CONTROLS)[number]

function valuesOf(page: ModePage, control: Exclude<Control, 'saved'>, device: ScsiDevice): Uint8Array {
  switch (control) {
    case 'current':
      return page.current(device)
    case 'changeable':
      return page.changeable(device)
    case 'default':
      return page.defaults(device)
  }
}

function planModeSense(call: ScsiCall): ScsiPlan {
  const {cdb, device} = call
  const asked = readBe(cdb, 2, 1)
  const code = asked & ALL_PAGES
  const control = CONTROLS[asked >> 6] ?? 'saved'
  const subpage = readBe(cdb, 3, 1)
  if (control === 'saved') return check(SENSE.savingNotSupported)
  // No page has subpages, so that all of them are the page itself.
  if (subpage !== NO_SUBPAGE && subpage !== ALL_SUBPAGES) return check(SENSE.invalidField)
  const pages = MODE_PAGES.filter((page) => page.offered(device) && (code === ALL_PAGES || page.code === code))
  if (pages.length === 0 && code !== ALL_PAGES) return check(SENSE.invalidField)
  const values = pages.map((page) => valuesOf(page, control, device))
  const withDescriptor = !hasBits(call, DBD_BIT) && device.hasMedium
  return answer(modeData(readBe(cdb, 0, 1), device, withDescriptor, values), modeListBytes(cdb), call.inBytes)
}

/**
 * MODE SENSE: above all whether there is a write cache (page 08h), FUA and write protection (header). Nothing can be saved.
 *
 * Source: SPC-3, 6.9 and 6.10.
 */
export const MODE_SENSE: readonly ScsiCommand[] = [
  {name: 'MODE SENSE(6)', opcode: 0x1a, needsMedium: false, writes: false, plan: planModeSense},
  {name: 'MODE SENSE(10)', opcode: 0x5a, needsMedium: false, writes: false, plan: planModeSense},
]
