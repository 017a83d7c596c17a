import {readFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'

import {runBeside} from '../../src/serve/companion.js'
import {endOf, start, TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {RawClient, request, WRITE} from './nbd/client.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

const NEVER = new AbortController().signal

/** The process that has written its id to a file. */
async function told(file: string): Promise<number> {
  return vi.waitFor(
    () => {
      const pid = Number(readFileSync(file, 'utf8'))
      expect(pid).toBeGreaterThan(0)
      return pid
    },
    {timeout: TIMEOUT_MS},
  )
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a command beside a server', () => {
  it('that is stopped is told to end, and may clean up', async () => {
    const file = scene.path('pid')
    const script = `trap 'exit 3' TERM; echo $$ > ${file}; while :; do sleep 0.05; done`
    const {ended, stop} = runBeside(['sh', '-c', script], 'nbd://', true, NEVER)
    await told(file)
    await stop()
    expect(await ended).toBe(3)
  })

  it('that does not end when it is told to is killed', async () => {
    const file = scene.path('pid')
    const script = `trap '' TERM; echo $$ > ${file}; while :; do sleep 0.05; done`
    const {ended, stop} = runBeside(['sh', '-c', script], 'nbd://', true, NEVER, 100)
    const pid = await told(file)
    await stop()
    expect(await ended).toBe(128 + 9)
    expect(isThere(pid)).toBe(false)
  })

  it('that has ended, or could not be started, is not stopped', async () => {
    const over = runBeside(['true'], 'nbd://', true, NEVER)
    expect(await over.ended).toBe(0)
    await over.stop()
    const nobody = runBeside(['./nobody'], 'nbd://', true, NEVER)
    await nobody.stop()
    await expect(nobody.ended).rejects.toMatchObject({code: 'E_COMMAND'})
  })

  it('ends when the server fails, whose status it is then', async () => {
    const [file, socket] = [scene.path('pid'), scene.path('nbd.sock')]
    const served = ['serve', 'nbd', scene.file('disk.img', 2 ** 20), '--trace', '/dev/full', '--touched-only']
    const command = ['sh', '-c', `echo $$ > ${file}; exec sleep 60`]
    const child = start([...served, '--listen', `unix:${socket}`, '--json', '--', ...command])
    child.stdin?.end()
    const ended = endOf(child)
    const pid = await told(file)
    scene.onClose(() => isThere(pid) && process.kill(pid, 'SIGKILL'))
    const client = await RawClient.connect(socket)
    await client.go()
    // More than the buffer of the recording holds.
    client.send(...Array.from({length: 100}, () => request({type: WRITE, data: Buffer.alloc(2 ** 16, 1)})))
    await client.readToEnd()
    const {exit, stdout} = await ended
    expect(exit).toBe(4)
    expect(JSON.parse(stdout)).toMatchObject({error: {code: 'E_OUTPUT_FILE'}})
    expect(isThere(pid)).toBe(false)
  })
})
