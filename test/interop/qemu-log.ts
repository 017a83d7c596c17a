import {spawnSync} from 'node:child_process'
import {writeFileSync} from 'node:fs'
import type {Scene} from '../image/scene.js'

/** Size of the image behind a log. */
export const IMAGE_BYTES = 2 ** 20

/** Runs commands of qemu-io on a new image, disk.img, with QEMU's blklogwrites between them. @returns the path of the log */
export function logOf(scene: Scene, sectorBytes: number, ...commands: readonly string[]): string {
  const image = scene.file('disk.img', IMAGE_BYTES)
  const log = scene.path('log')
  writeFileSync(log, '')
  const file = (name: string, path: string): string =>
    `${name}.driver=raw,${name}.file.driver=file,${name}.file.filename=${path}`
  const options = `driver=blklogwrites,log-sector-size=${sectorBytes},${file('file', image)},${file('log', log)}`
  // Of itself qemu-io flushes behind every write.
  const flags = ['-t', 'writeback', '--image-opts', options]
  const run = spawnSync('qemu-io', [...commands.flatMap((command) => ['-c', command]), ...flags], {
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(`qemu-io ended with ${run.status}: ${run.stdout}${run.stderr}`)
  return log
}
