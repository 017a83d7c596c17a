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
    const given = requireConsent(image, {allowWrite: true, deviceName: undefined, ...silent})
    await expect(given).resolves.toBeUndefined()
  })

  it('is given by yes, in any case, and by nothing else', async () => {
    const no = {allowWrite: false, deviceName: undefined}
    for (const answer of ['yes', 'YES']) await requireConsent(image, {...no, ...answering(answer)})
    for (const answer of [undefined, '', 'y', 'no', 'yes please']) {
      await expect(requireConsent(image, {...no, ...answering(answer)})).rejects.toMatchObject({
        code: 'E_BENCH_OVERWRITE',
        hint: expect.stringContaining('--allow-write'),
      })
    }
  })

  it('takes no name: a file has none that could be mistaken', async () => {
    await expect(requireConsent(image, {allowWrite: true, deviceName: 'vdb', ...silent})).rejects.toThrow(
      'no block device',
    )
  })
})

describe('consent to overwrite a block device', () => {
  itNeeds([root(), peer('losetup'), loopDevices], 'needs --allow-write and the name of the device', async () => {
    const device = scene.loop(image)
    const name = device.replace('/dev/', '')
    const consent = {allowWrite: true, deviceName: undefined}
    await requireConsent(device, {...consent, deviceName: name, ...silent})
    await requireConsent(device, {...consent, deviceName: device, ...silent})
    await requireConsent(device, {...consent, ...answering(name)})
    for (const answer of ['yes', undefined, 'loop99999']) {
      await expect(requireConsent(device, {...consent, ...answering(answer)})).rejects.toThrow(device)
    }
    const without = {allowWrite: false, deviceName: name}
    await expect(requireConsent(device, {...without, ...silent})).rejects.toThrow('overwrites what the device')
  })
})
