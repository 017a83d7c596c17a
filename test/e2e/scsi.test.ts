import {readFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Scene} from '../image/scene.js'
import {lines, runJson, TIMEOUT_MS, type RequestRecord, type RunDocument} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 16 * 2 ** 20)
})
afterEach(() => scene.close())

async function documentOf(batch: readonly string[], ...flags: readonly string[]): Promise<RunDocument> {
  const {document} = await runJson([image, ...lines(...batch), ...(flags.length > 0 ? flags : ['--frontend', 'scsi'])])
  return document
}

type Answer = Pick<RequestRecord, 'status'> & Partial<NonNullable<RequestRecord['scsi']>>

/** How each command of a batch ended, in the words of the document. */
async function answers(batch: readonly string[], ...flags: readonly string[]): Promise<Answer[]> {
  const {requests} = await documentOf(batch, ...flags)
  return requests.map(({status, scsi}) => ({...scsi, virtio: status, status: scsi?.status ?? status}) as Answer)
}

const GOOD = {status: 'GOOD'}
const check = (sense: string): object => ({status: 'CHECK CONDITION', sense})
const byteOf = (hex: string | undefined, at: number): string | undefined => hex?.slice(2 * at, 2 * at + 2)

describe('a SCSI disk answers', () => {
  it('D1 and D2: the last block and the block size, to READ CAPACITY(10) and (16)', async () => {
    const [ten, sixteen] = await answers([
      'SCSI 25_00_00000000_0000_00_00 in=8',
      'SCSI 9e10_0000000000000000_00000020_0000 in=32',
    ])
    expect(ten).toMatchObject({...GOOD, command: 'READ CAPACITY(10)', dataIn: '00007fff00000200'})
    expect(sixteen).toMatchObject({...GOOD, command: 'READ CAPACITY(16)', residualBytes: 0})
    expect(sixteen?.dataIn).toMatch(/^0000000000007fff00000200.{40}$/)
  })

  it('D3: an address without PMI with invalid field in CDB', async () => {
    expect(await answers(['SCSI 25_00_00000001_0000_00_00 in=8'])).toMatchObject([check('5/24/00')])
  })

  const SENSE = ['SCSI 1a_08_08_00_ff_00 in=255', 'SCSI 1a_08_48_00_ff_00 in=255']

  it.each([
    ['D4', 'writeback', '04'],
    ['D5', 'writethrough', '00'],
  ])('%s: the caching page with WCE as %s has it', async (_id, mode, wce) => {
    const [current, changeable] = await answers(SENSE, '--frontend', 'scsi', '--cache', mode)
    expect(current).toMatchObject({...GOOD, residualBytes: 255 - 24})
    expect(byteOf(current?.dataIn, 0)).toBe('17')
    expect(byteOf(current?.dataIn, 2)).toBe('10')
    expect(current?.dataIn?.slice(8, 14)).toBe(`0812${wce}`)
    // D6
    expect(byteOf(changeable?.dataIn, 6)).toBe('04')
  })

  it('D4: without DPOFUA where it is not offered, and without the page where its cache is hidden', async () => {
    const flags = ['--frontend', 'scsi', '--features']
    const [plain] = await answers(SENSE, ...flags, 'WCE,SYNCHRONIZE CACHE')
    expect(byteOf(plain?.dataIn, 2)).toBe('00')
    expect(await answers(SENSE, ...flags, 'SYNCHRONIZE CACHE')).toMatchObject([check('5/24/00'), check('5/24/00')])
  })

  it('D8: READ(6) of length 0 with 256 blocks', async () => {
    const [read, short] = await answers(['SCSI 08_000000_00_00 in=128k', 'SCSI 08_000000_00_00 in=512'])
    expect(read).toMatchObject({...GOOD, command: 'READ(6)', residualBytes: 0})
    expect(short).toMatchObject({status: 'CHECK CONDITION'})
  })

  it('D9: READ(10) of nothing at the end, and not behind it', async () => {
    expect(
      await answers([
        'SCSI 28_00_00008000_00_0000_00',
        'SCSI 28_00_00008001_00_0000_00',
        'SCSI 28_00_00008001_00_0001_00 in=512',
      ]),
    ).toMatchObject([GOOD, check('5/21/00'), check('5/21/00')])
  })

  it('D12, D15, D16, D19: with the sense of what it refuses, which is OK for virtio', async () => {
    const refused = await answers([
      'SCSI 2a_20_00000010_00_0001_00 out=0xaa',
      'SCSI c0_0000000000 in=96',
      'SCSI 42_01_00000000_00_0018_00 out=hex:001600100000000000000000000000080000000000000000',
    ])
    expect(refused).toMatchObject([
      {...check('5/24/00'), virtio: 'OK', residualBytes: 512},
      {...check('5/20/00'), virtio: 'OK', residualBytes: 96},
      {...check('5/24/00'), virtio: 'OK', residualBytes: 24},
    ])
    const readOnly = await answers(['SCSI 2a_00_00000010_00_0001_00 out=0xaa'], '--frontend', 'scsi', '--read-only')
    expect(readOnly).toMatchObject([{...check('7/27/00'), virtio: 'OK'}])
    expect(readFileSync(image).every((byte) => byte === 0)).toBe(true)
  })

  it('D18: INQUIRY with as many bytes as it is asked for', async () => {
    const [inquiry] = await answers(['SCSI 12_00_00_0005_00 in=96'])
    expect(inquiry).toMatchObject({...GOOD, residualBytes: 91})
    expect(inquiry?.dataIn).toMatch(/^0000[0-9a-f]{6}$/)
  })
})

describe('what a SCSI command makes stable', () => {
  it('D10: FUA its own data, and no earlier write', async () => {
    const {requests, aio} = await documentOf(['OUT 64k 4k', 'SCSI 2a_08_00000010_00_0001_00 out=0xaa'])
    expect(requests.map(({stable}) => stable.by)).toEqual(['none', 'fua'])
    expect(aio.backend).not.toBe('sim')
    expect(
      readFileSync(image)
        .subarray(8192, 8704)
        .every((byte) => byte === 0xaa),
    ).toBe(true)
  })

  it.each(['35_00_00000000_00_0000_00', '91_00_0000000000000000_00000000_0000'])(
    'D13: SYNCHRONIZE CACHE %s whatever has completed',
    async (cdb) => {
      const {requests, aio, commands} = await documentOf(['OUT 0 4k', `SCSI ${cdb}`])
      expect(requests[0]?.stable).toMatchObject({by: 'flush', request: 2})
      expect(requests[1]?.scsi).toMatchObject(GOOD)
      expect(aio.syncs).toBe(1)
      expect(commands.flushes).toBe(1)
    },
  )

  it('B6: MODE SELECT that clears WCE all that was written before, and every write from then on', async () => {
    const page = '000000000812' + '00'.repeat(18)
    const {requests, aio} = await documentOf([
      'OUT 0 4k',
      `SCSI 15_10_0000_18_00 out=hex:${page}`,
      'OUT 4k 4k',
      'SCSI 1a_08_08_00_ff_00 in=255',
    ])
    expect(requests[1]?.scsi).toMatchObject({command: 'MODE SELECT(6)', status: 'GOOD'})
    expect(requests[0]?.stable).toMatchObject({by: 'flush', request: 2})
    expect(requests[2]?.stable.by).toBe('fua')
    expect(byteOf(requests[3]?.scsi?.dataIn, 6)).toBe('00')
    expect(aio.syncs).toBe(1)
  })
})

describe('SCSI over virtio-blk', () => {
  const READ = 'SCSI 28_00_00000010_00_0001_00 in=512'

  it('A28: is UNSUPP where it is not offered', async () => {
    for (const flags of [
      ['--frontend', 'virtio-blk'],
      ['--features', 'none'],
      ['--aio', 'threads'],
    ]) {
      const {requests} = await documentOf([READ, 'TYPE 2 0 0', 'TYPE 3 0 0'], ...flags)
      expect(requests.map(({status}) => status)).toEqual(['UNSUPP', 'UNSUPP', 'UNSUPP'])
      expect(requests[0]?.reason).toBe('the device does not offer SCSI')
      expect(requests[0]?.scsi).toBeUndefined()
    }
  })

  it('A28: is executed where it is, whoever accepts it', async () => {
    expect(await answers([READ], '--features', 'SCSI')).toMatchObject([{...GOOD, command: 'READ(10)'}])
    expect(await answers([READ], '--features', 'SCSI,FLUSH', '--negotiate', 'FLUSH')).toMatchObject([GOOD])
  })

  it('D20: is UNSUPP with data in both directions, and without a CDB', async () => {
    const {requests} = await documentOf([`${READ} out=0xaa`, 'TYPE 2 0 0'], '--features', 'SCSI')
    const reason = 'it has no CDB, or data in both directions'
    expect(requests).toMatchObject([
      {status: 'UNSUPP', reason},
      {status: 'UNSUPP', reason},
    ])
  })

  it('D21: takes type 3 with room for data as a read: placement decides', async () => {
    const [read] = await answers([READ.replace('SCSI', 'SCSI_CMD_OUT')], '--features', 'SCSI')
    expect(read).toMatchObject({...GOOD, command: 'READ(10)', residualBytes: 0})
  })

  it('is nothing a modern device can offer', async () => {
    const ended = await runJson([image, ...lines(READ), '--features', 'SCSI,VERSION_1'])
    expect(ended.exit).toBe(2)
  })
})
