import {describe, expect, it} from 'vitest'
import {cacheModeOf} from '../../src/cache-mode/index.js'
import {configSpaceDocument} from '../../src/explain/index.js'
import {FORMAT_NAMES} from '../../src/report/index.js'
import {jsonOf, rendered} from './rendered.js'

const MIB = 2 ** 20

interface ConfigJson {
  readonly hex: string
  readonly fields: readonly {readonly name: string; readonly value: number}[]
}

describe('the configuration space of a virtio disk', () => {
  it('is shown in hex, sixteen bytes a line, and field by field', async () => {
    const text = await rendered(configSpaceDocument(cacheModeOf('writeback'), 16 * MIB))
    expect(text).toMatch(/^00: 00 80 00 00 00 00 00 00( 00){8}$/m)
    expect(text).toMatch(/^20: 01 00 01 00 ff ff ff ff/m)
    expect(text.match(/^[0-9a-f]{2}:( [0-9a-f]{2}){16}$/gm)).toHaveLength(6)
    expect(text).toMatch(/^ +0 +8 +capacity +32768 /m)
    expect(text).toMatch(/^ +32 +1 +writeback +1 +CONFIG_WCE/m)
  })

  it.each([
    ['writethrough', 0],
    ['writeback', 1],
    ['none', 1],
    ['directsync', 0],
    ['unsafe', 1],
  ])('under %s has writeback %i', async (name, value) => {
    const json = (await jsonOf(configSpaceDocument(cacheModeOf(name), MIB))) as ConfigJson
    expect(json).toMatchObject({schema: 'flushpoint/config-space@1', mode: name, sizeBytes: MIB})
    expect(json.hex).toHaveLength(192)
    expect(json.fields.find((field) => field.name === 'writeback')?.value).toBe(value)
  })

  it('says which bytes of an image no request reaches', async () => {
    const odd = configSpaceDocument(cacheModeOf('none'), 1_000_000)
    expect(await rendered(odd)).toContain('The last 64 bytes of the image are no whole sector')
    expect(await jsonOf(odd)).toMatchObject({unreachableBytes: 64})
    expect(await rendered(configSpaceDocument(cacheModeOf('none'), MIB))).not.toContain('no whole sector')
  })

  it('warns that setting writeback to 0 does not flush', async () => {
    expect(await rendered(configSpaceDocument(cacheModeOf('none'), MIB))).toContain('none of the earlier ones')
  })

  it.each(FORMAT_NAMES)('can be printed as %s', async (format) => {
    expect(await rendered(configSpaceDocument(cacheModeOf('none'), MIB), format)).toContain('num_queues')
  })
})
