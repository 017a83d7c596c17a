import {invariant, ToolError} from '../base/index.js'
import {CACHE_MODES, type CacheMode} from '../cache-mode/index.js'
import type {FrontendFacts} from '../frontend/index.js'
import type {NegotiationQuestion} from './agreement.js'

/**
 * The cache mode in force. A permission for O_DIRECT selects no mode: without it a mode that wants O_DIRECT becomes the one that
 * promises the same without, and with it every mode stays what it is. Source: semantics 3.6.
 *
 * @throws ToolError of kind usage where a permission is given that the front end does not ask for
 */
export function modeInForce({frontend, mode, directIoSafe, era}: NegotiationQuestion, facts: FrontendFacts): CacheMode {
  if (!facts.asksForDirectIo.value) {
    if (directIoSafe !== undefined) {
      throw new ToolError('usage', 'E_DIRECT_IO_SAFE', `${frontend.name} has no direct-io-safe (${era.name})`, {
        hint: `Leave it out: ${facts.asksForDirectIo.says}.`,
      })
    }
    return mode
  }
  if (!mode.direct || directIoSafe === true) return mode
  const cached = CACHE_MODES.find(
    ({direct, dsync, noFlush}) => !direct && dsync === mode.dsync && noFlush === mode.noFlush,
  )
  invariant(cached !== undefined, `no cache mode is ${mode.name} without O_DIRECT`)
  return cached
}
