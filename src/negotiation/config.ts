import {ToolError} from '../base/index.js'
import {FRONTENDS, frontendOf} from '../frontend/index.js'
import {CONFIG_FIELDS, configValues, encodeConfig} from '../request/index.js'
import type {Agreement} from './agreement.js'

/** Features without which their fields mean nothing to this guest, and are 0. */
const GOVERNING: readonly string[] = ['CONFIG_WCE', 'DISCARD', 'WRITE_ZEROES']

/**
 * The configuration space as this guest reads it. The writeback field says what is advertised: the write cache of the agreement,
 * except that without FLUSH it is 0 also where the mode ignores flushes. It is 0 where CONFIG_WCE is not negotiated, as are the
 * fields of DISCARD and WRITE_ZEROES without those. Integers are little-endian. Source: virtio 1.3, 5.2.4 and 5.2.5.2.
 *
 * @throws ToolError of kind usage for a front end that has no configuration space
 */
export function configOf(
  agreement: Agreement,
  capacitySectors: number,
  logicalBlockBytes: number,
  queues: number,
): Uint8Array {
  const {frontend, negotiated, advertised} = agreement
  if (!frontendOf(frontend).negotiates.value) {
    const having = FRONTENDS.filter(({negotiates}) => negotiates.value).map(({name}) => name)
    throw new ToolError('usage', 'E_CONFIG_SPACE', `${frontend} has no configuration space`, {
      hint: `Only ${having.join(', ')} has one.`,
    })
  }
  const values = configValues({capacitySectors, logicalBlockBytes, writeback: advertised, queues})
  const idle = CONFIG_FIELDS.filter(({feature}) => GOVERNING.includes(feature) && !negotiated.includes(feature)).map(
    ({name}): string => name,
  )
  return encodeConfig(Object.fromEntries(Object.entries(values).filter(([name]) => !idle.includes(name))))
}
