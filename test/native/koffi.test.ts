import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'

/** Loads the file anew: its answer is kept for the life of the process. */
async function load(): ReturnType<typeof import('../../src/native/koffi.js').loadKoffi> {
  return (await import('../../src/native/koffi.js')).loadKoffi()
}

beforeEach(() => {
  vi.resetModules()
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.doUnmock('koffi')
  vi.resetModules()
})

describe('loading koffi', () => {
  it('never throws: there is the module, or there is a reason', async () => {
    const loaded = await load()
    expect(loaded.ok ? typeof loaded.koffi.load : typeof loaded.reason).toBe(loaded.ok ? 'function' : 'string')
  })

  it('happens once', async () => {
    const {loadKoffi} = await import('../../src/native/koffi.js')
    expect(loadKoffi()).toBe(loadKoffi())
  })

  it('is left out with FLUSHPOINT_NO_NATIVE=1, and the reason names it', async () => {
    vi.stubEnv('FLUSHPOINT_NO_NATIVE', '1')
    expect(await load()).toEqual({ok: false, reason: 'FLUSHPOINT_NO_NATIVE=1 is set'})
  })

  it.each([
    ['darwin', 'arm64', 'native calls need Linux, this is darwin'],
    ['linux', 'arm', 'native calls need x64 or arm64, this is arm'],
  ])('is left out on %s on %s, whose structures are not known', async (platform, arch, reason) => {
    vi.stubEnv('FLUSHPOINT_NO_NATIVE', undefined)
    vi.stubGlobal('process', Object.create(process, {platform: {value: platform}, arch: {value: arch}}))
    expect(await load()).toEqual({ok: false, reason})
  })

  it('says what was wrong with the package where it cannot be loaded', async () => {
    vi.stubEnv('FLUSHPOINT_NO_NATIVE', undefined)
    vi.stubGlobal('process', Object.create(process, {platform: {value: 'linux'}, arch: {value: 'x64'}}))
    vi.doMock('koffi', () => {
      throw new Error('no binary for this system')
    })
    const loaded = await load()
    expect(loaded.ok ? '' : loaded.reason).toMatch(/^the optional package koffi could not be loaded \(.+\)$/s)
  })
})
