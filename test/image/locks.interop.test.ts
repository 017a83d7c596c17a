import {execFileSync, spawn, spawnSync, type ChildProcessWithoutNullStreams} from 'node:child_process'
import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {openImage, snapshotImage} from '../../src/image/index.js'
import {loadLibc} from '../../src/native/index.js'
import {capability, itNeeds, peer} from '../peers.js'
import {refusalOf, Scene} from './scene.js'

const native = await loadLibc()
const locks = capability(native.ok, native.ok ? '' : native.reason)
const qemuIo = [locks, peer('qemu-io')]
const qemuNbd = [locks, peer('qemu-nbd')]
const mode = cacheModeOf('writeback')
const WRITER = {mode, readOnly: false, forceShare: false}
const READER = {mode, readOnly: true, forceShare: false}

let scene: Scene
let path: string
beforeEach(() => {
  scene = new Scene()
  path = scene.file('disk.img', 2 ** 20, 0x11)
})
afterEach(() => scene.close())

/** A qemu-io that has the image open, proven by an answer to a command. */
async function runningQemuIo(...options: string[]): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn('qemu-io', [...options, '-f', 'raw', path])
  scene.onClose(() => child.kill('SIGKILL'))
  child.stdin.write('read 0 512\n')
  let output = ''
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({destroyOnReturn: false})) {
    output += String(chunk)
    if (output.includes('read 512/512')) return child
  }
  throw new Error(`qemu-io ended early: ${output}`)
}

async function quit(child: ChildProcessWithoutNullStreams): Promise<void> {
  const ended = once(child, 'exit')
  child.stdin.end('quit\n')
  await ended
}

const qemuIoOnce = (...options: string[]): {status: number | null; text: string} => {
  const {status, stdout, stderr} = spawnSync('qemu-io', [...options, '-f', 'raw', path], {encoding: 'utf8'})
  return {status, text: stdout + stderr}
}

describe('a running qemu-io', () => {
  itNeeds(qemuIo, 'that may write keeps a writer and a reader out until it ends', async () => {
    const child = await runningQemuIo()
    expect(await refusalOf(openImage(path, WRITER))).toMatchObject({kind: 'environment', code: 'E_LOCKED'})
    expect(await refusalOf(openImage(path, READER))).toMatchObject({code: 'E_LOCKED'})
    expect(await refusalOf(snapshotImage(path, {mode, forceShare: false, touched: []}))).toMatchObject({
      code: 'E_LOCKED',
    })
    await quit(child)
    const image = await openImage(path, WRITER)
    expect(image.soleWriter).toBe(true)
    image.close()
  })

  itNeeds(qemuIo, 'that may write is read beside with force-share', async () => {
    await runningQemuIo()
    const image = await openImage(path, {...READER, forceShare: true})
    expect(image.notes.join()).toContain('without locks')
    image.close()
  })

  itNeeds(
    qemuIo,
    'that only reads shares the image with a writer, as it shares it with a virtual machine',
    async () => {
      await runningQemuIo('-r')
      const image = await openImage(path, WRITER)
      expect(image.soleWriter).toBe(true)
      image.close()
    },
  )
})

describe('a running qemu-nbd', () => {
  itNeeds(qemuNbd, 'keeps a writer and a reader out', async () => {
    const pidFile = scene.path('pid')
    const socket = scene.path('socket')
    const forked = ['--fork', '--persistent', '--pid-file', pidFile, '--socket', socket, '--format', 'raw', path]
    execFileSync('qemu-nbd', forked, {stdio: 'ignore'}) // returns when the server is ready
    scene.onClose(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL'))
    expect(await refusalOf(openImage(path, WRITER))).toMatchObject({code: 'E_LOCKED'})
    expect(await refusalOf(openImage(path, READER))).toMatchObject({code: 'E_LOCKED'})
  })
})

describe('while we hold an image', () => {
  itNeeds(qemuIo, 'for writing, qemu-io does not get it for writing and changes nothing', async () => {
    const image = await openImage(path, WRITER)
    try {
      const {status, text} = qemuIoOnce('-c', 'write -P 0x22 0 512')
      expect(status).not.toBe(0)
      expect(text).toContain('Failed to get "write" lock')
      expect(readFileSync(path)[0]).toBe(0x11)
    } finally {
      image.close()
    }
    expect(qemuIoOnce('-c', 'write -P 0x22 0 512').status).toBe(0)
    expect(readFileSync(path)[0]).toBe(0x22)
  })

  itNeeds(qemuIo, 'for reading, qemu-io may read but not write', async () => {
    const image = await openImage(path, READER)
    try {
      expect(qemuIoOnce('-c', 'write 0 512').text).toContain('Failed to get "write" lock')
      expect(qemuIoOnce('-r', '-c', 'read -P 0x11 0 512')).toMatchObject({status: 0})
    } finally {
      image.close()
    }
  })

  itNeeds(qemuIo, 'the second descriptor for stable writes keeps and breaks no lock', async () => {
    const image = await openImage(path, WRITER)
    try {
      expect(image.dsyncFd()).not.toBe(image.fd)
      expect(qemuIoOnce('-c', 'write 0 512').status).not.toBe(0)
    } finally {
      image.close()
    }
    expect(qemuIoOnce('-c', 'write 0 512').status).toBe(0)
  })
})
