import {existsSync, truncateSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, vi} from 'vitest'

import {endOf, start, TIMEOUT_MS} from '../e2e/cli.js'
import {Scene} from '../image/scene.js'
import {itNeeds} from '../peers.js'
import {RawClient, READ, request, WRITE} from './nbd/client.js'
import {uring} from './served.js'

vi.setConfig({testTimeout: TIMEOUT_MS, hookTimeout: TIMEOUT_MS})

describe.each(['uring', 'threads'])('a recording that cannot be written any more, with --aio %s', (aio) => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
    writeFileSync(scene.path('disk.img'), '')
    truncateSync(scene.path('disk.img'), 2 ** 22) // a hole: nothing of it is copied into the recording first
  })
  afterEach(() => scene.close())

  const title = 'ends the server with the status of an I/O error, whatever is in flight:'
  for (const [what, ask] of [
    ['writes', () => request({type: WRITE, offset: 0, data: Buffer.alloc(2 ** 16, 1)})],
    ['reads', () => request({type: READ, offset: 0, length: 512})],
  ] as const) {
    const test = async (): Promise<void> => {
      const socket = scene.path('nbd.sock')
      const flags = ['--aio', aio, '--trace', '/dev/full', '--listen', `unix:${socket}`, '--json']
      const child = start(['serve', 'nbd', scene.path('disk.img'), ...flags])
      child.stdin?.end()
      scene.onClose(() => child.kill('SIGKILL'))
      await new Promise<void>((resolve) => {
        child.stderr?.on('data', (chunk: Buffer) => {
          if (chunk.toString().includes('note: serving')) resolve()
        })
      })
      const client = await RawClient.connect(socket)
      await client.go()
      // More than its buffer holds, all at once.
      client.send(...Array.from({length: 4000}, ask))
      await client.readToEnd()
      const ended = await endOf(child)
      expect(ended.exit).toBe(4)
      expect(JSON.parse(ended.stdout)).toMatchObject({error: {code: 'E_OUTPUT_FILE'}})
      expect(existsSync(socket)).toBe(false)
    }
    itNeeds(aio === 'uring' ? [uring] : [], `${title} ${what}`, test, TIMEOUT_MS)
  }
})
