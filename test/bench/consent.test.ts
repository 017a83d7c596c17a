import {symlinkSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {requireConsent} from '../../src/bench/index.js'
import {loopDevices, Scene} from '../image/scene.js'
import {itNeeds, peer, root} from '../peers.js'

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 4096)
})
afterEach(() => scene.close())

const answering = (answer: string | undefined) => ({ask: async () => answer})
const silent = {ask: async () => Promise.reject(new Error('somebody was asked'))}

describe('consent to overwrite a file', () => {
  it('is given by --allow-write, without a question', async () => {
    const given = requireConsent({path: image}, {allowWrite: true, deviceName: undefined, ...silent})
    await expect(given).resolves.toBeUndefined()
  })

  it('is given by yes, in any case, and by nothing else', async () => {
    const no = {allowWrite: false, deviceName: undefined}
    for (const answer of ['yes', 'YES']) await requireConsent({path: image}, {...no, ...answering(answer)})
    for (const answer of [undefined, '', 'y', 'no', 'yes please']) {
      await expect(requireConsent({path: image}, {...no, ...answering(answer)})).rejects.toMatchObject({
        code: 'E_BENCH_OVERWRITE',
        hint: expect.stringContaining('--allow-write'),
      })
    }
  })

  it('says which bytes of the image a partition has', async () => {
    const part = {offsetBytes: 512, lengthBytes: 1024}
    const asked: string[] = []
    const ask = async (question: string): Promise<string> => {
      asked.push(question)
      return 'yes'
    }
    await requireConsent({path: image, name: 'disk.img#p1', part}, {allowWrite: false, deviceName: undefined, ask})
    expect(asked).toEqual([`This overwrites what disk.img#p1 holds, bytes 512 to 1536 of ${image}. Type yes to go on:`])
  })

  it('takes no name: a file has none that could be mistaken', async () => {
    await expect(requireConsent({path: image}, {allowWrite: true, deviceName: 'vdb', ...silent})).rejects.toThrow(
      'no block device',
    )
  })
})

describe('consent to overwrite a block device', () => {
  itNeeds([root(), peer('losetup'), loopDevices], 'needs --allow-write and the name of the device', async () => {
    const device = scene.loop(image)
    const name = device.replace('/dev/', '')
    const consent = {allowWrite: true, deviceName: undefined}
    await requireConsent({path: device}, {...consent, deviceName: name, ...silent})
    await requireConsent({path: device}, {...consent, deviceName: device, ...silent})
    await requireConsent({path: device}, {...consent, ...answering(name)})
    for (const answer of ['yes', undefined, 'loop99999']) {
      await expect(requireConsent({path: device}, {...consent, ...answering(answer)})).rejects.toThrow(device)
    }
    const link = scene.path('a-link')
    symlinkSync(device, link)
    await requireConsent({path: link}, {...consent, deviceName: name, ...silent})
    const mistaken = requireConsent({path: link}, {...consent, deviceName: 'a-link', ...silent})
    await expect(mistaken).rejects.toThrow(`a-link holds, which is ${device}, and "a-link" is not its name`)
    const without = {allowWrite: false, deviceName: name}
    await expect(requireConsent({path: device}, {...without, ...silent})).rejects.toThrow('overwrites what the device')
  })
})
