import {mkdirSync, statfsSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {fileURLToPath} from 'node:url'

/** f_type of file systems whose files live in memory: tmpfs, ramfs. */
const IN_MEMORY = new Set([0x01021994, 0x858458f6])

/**
 * A folder for temporary files that lies on a disk. Where the usual one is in memory (as on many distributions), an image in it
 * would be reported lost under every cache mode, which is true and teaches nothing: then a git-ignored folder of this checkout.
 */
export function diskTempFolder() {
  if (!IN_MEMORY.has(statfsSync(tmpdir()).type)) return tmpdir()
  const folder = fileURLToPath(new URL('../node_modules/.cache/flushpoint', import.meta.url))
  mkdirSync(folder, {recursive: true})
  return folder
}
