import {afterEach, beforeEach, describe, expect, vi} from 'vitest'
import {Scene} from '../../image/scene.js'
import {IMAGE_BYTES, logOf} from '../../interop/qemu-log.js'
import {peerIt} from '../../peers.js'
import {flushpoint, TIMEOUT_MS} from '../cli.js'
import {textFile} from './stories.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** A journal at 64 KiB (two blocks of data, then a commit block with the number of the transaction), and a home at 0. */
const JOURNAL = `export default function check({read, fail}) {
  // Sector by sector: what is not read after the first that is wrong need not be explored.
  const isAll = (offset, value) => {
    for (let at = offset; at < offset + 8192; at += 512) if (read(at, 512)[0] !== value) return false
    return true
  }
  const commit = read(65536 + 8192, 512)[0]
  if (commit === 0) {
    if (!isAll(0, 0)) fail('the home has what no transaction holds')
  } else if (!isAll(65536, commit)) fail(\`transaction \${commit} is not whole\`)
}`

const COMMIT = ['write -P 1 64k 4k', 'write -P 1 68k 4k']
const CHECKPOINT = ['write -P 1 72k 512', 'flush', 'write -P 1 0 8k', 'flush']

async function explored(...commands: readonly string[]): Promise<{exit: number | undefined; report: unknown}> {
  const trace = scene.path('qemu.trace')
  const log = logOf(scene, 512, ...commands)
  const imported = await flushpoint([
    ...['trace', 'import', log, '--from', 'log-writes', '-o', trace],
    ...['--size', `${IMAGE_BYTES}`],
  ])
  expect(imported.exit).toBe(0)
  const check = textFile(scene, 'journal.mjs', JOURNAL)
  const explore = ['crash', 'explore', trace, '--check', check, '--json']
  const {error} = JSON.parse((await flushpoint(explore)).stdout) as {error: object}
  expect(error).toMatchObject({code: 'E_NO_BASE', hint: expect.stringContaining('if it was empty') as string})
  const {exit, stdout} = await flushpoint([...explore, '--base', scene.file('empty.img', IMAGE_BYTES)])
  return {exit, report: JSON.parse(stdout)}
}

describe('what QEMU logged of a journal', () => {
  peerIt(['qemu-io'], 'is found to be sound, completely, when a flush lies between data and commit', async () => {
    const {exit, report} = await explored(...COMMIT, 'flush', ...CHECKPOINT)
    expect(exit).toBe(0)
    expect(report).toMatchObject({complete: true, violations: []})
  })

  peerIt(['qemu-io'], 'is found to lack that flush when it does not, and where it belongs', async () => {
    const {exit, report} = await explored(...COMMIT, ...CHECKPOINT)
    expect(exit).toBe(1)
    expect(report).toMatchObject({
      complete: true,
      violations: [
        {
          kind: 'inconsistent',
          lost: [{lengthBytes: 512}],
          story: expect.stringContaining('transaction 1 is not whole') as string,
          fix: [{insert: 'FLUSH', after: 2}],
        },
      ],
    })
  })
})
