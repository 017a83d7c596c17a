import type {ScsiCommand} from './command.js'
import {INQUIRY} from './inquiry.js'
import {MODE_SELECT} from './mode-select.js'
import {MODE_SENSE} from './mode-sense.js'
import {READ_CAPACITY} from './read-capacity.js'
import {READ_WRITE} from './read-write.js'
import {SYNCHRONIZE_CACHE} from './synchronize-cache.js'
import {UNIT} from './unit.js'
import {UNMAP} from './unmap.js'
import {VERIFY} from './verify.js'
import {WRITE_SAME} from './write-same.js'

/** Every command this disk answers. */
export const SCSI_COMMANDS: readonly ScsiCommand[] = [
  ...UNIT,
  ...INQUIRY,
  ...MODE_SENSE,
  ...MODE_SELECT,
  ...READ_CAPACITY,
  ...READ_WRITE,
  ...VERIFY,
  ...SYNCHRONIZE_CACHE,
  ...WRITE_SAME,
  ...UNMAP,
]
