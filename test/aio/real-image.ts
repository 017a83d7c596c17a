import {closeSync, constants, ftruncateSync, mkdtempSync, openSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {cacheModeOf, type CacheModeName} from '../../src/cache-mode/index.js'

/** A sparse file in a folder of its own, and a second descriptor of it with O_DSYNC once asked for. */
export interface RealImage {
  readonly fd: number
  readonly dsyncFd: () => number
  readonly path: string
  /** Descriptors of dsyncFd() so far: 0 or 1. */
  readonly dsyncOpened: () => number
  remove(): void
}

/** Makes an image open as a mode asks for it; O_DIRECT aside where `direct` is false. */
export function realImage(sizeBytes: number, options: {mode?: CacheModeName; readOnly?: boolean} = {}): RealImage {
  const folder = mkdtempSync(join(tmpdir(), 'flushpoint-aio-'))
  const path = join(folder, 'image')
  const create = openSync(path, 'w')
  ftruncateSync(create, sizeBytes)
  closeSync(create)
  const mode = cacheModeOf(options.mode ?? 'writeback')
  const access = options.readOnly === true ? constants.O_RDONLY : constants.O_RDWR
  const flags = access | (mode.direct ? constants.O_DIRECT : 0) | (mode.dsync ? constants.O_DSYNC : 0)
  const fds = [openSync(path, flags)]
  return {
    fd: fds[0] ?? -1,
    path,
    dsyncFd: () => (fds[1] ??= openSync(path, flags | constants.O_DSYNC)),
    dsyncOpened: () => fds.length - 1,
    remove() {
      for (const fd of fds) closeSync(fd)
      rmSync(folder, {recursive: true, force: true})
    },
  }
}

/** Why this folder of temporary files cannot be used with O_DIRECT; empty when it can. */
export function directRefusal(): string {
  try {
    realImage(4096, {mode: 'none'}).remove()
    return ''
  } catch (error) {
    return `O_DIRECT is refused in ${tmpdir()}: ${(error as Error).message}`
  }
}
