import * as Flags from '@oclif/core/flags'

import {parseSize} from '../base/index.js'

/**
 * A flag that takes a size under the one size rule (SIZE_RULE) and gives bytes as a bigint. Text that is not a size ends
 * the command with a usage error naming the flag. Give a `default` together with `defaultHelp`: the manifest is JSON and
 * cannot hold a bigint.
 */
export const sizeFlag = Flags.custom<bigint>({
  helpValue: '<size>',
  parse: async (input) => parseSize(input),
})
