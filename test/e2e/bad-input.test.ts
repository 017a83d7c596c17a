import {mkdirSync, truncateSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {Prng} from '../../src/base/index.js'
import {Scene} from '../image/scene.js'
import {itNeeds} from '../peers.js'
import {
  direct,
  expectRefusal,
  flushpoint,
  hashOf,
  lines,
  runJson,
  TIMEOUT_MS,
  type Invocation,
  type Refusal,
} from './cli.js'

vi.setConfig({testTimeout: TIMEOUT_MS})

const OUT = lines('OUT 0 4k pattern=0xee')

let scene: Scene
let image: string
beforeEach(() => {
  scene = new Scene()
  image = scene.file('disk.img', 2 ** 20, 0x11)
})
afterEach(() => scene.close())

/** A command line that is wrong, and how it is refused. */
interface Wrong extends Refusal {
  readonly title: string
  readonly args: readonly string[]
  /** Makes what the command line needs beside disk.img. */
  readonly given?: () => void
  readonly invocation?: Invocation
}

function writeBatch(content: string | Uint8Array): () => void {
  return () => writeFileSync(scene.path('batch.fp'), content)
}

function allRefused(cases: readonly Wrong[]): void {
  it.each(cases)('$title', async ({args, given, invocation, ...refusal}) => {
    given?.()
    await expectRefusal(scene, args, refusal, invocation)
  })
}

const randomBytes = new Uint8Array(5000)
new Prng(7).fill(randomBytes)
const badIn900 = [...Array<string>(899).fill('OUT 0 4k'), 'OUT 0 4q', ...Array<string>(100).fill('FLUSH')].join('\n')

describe('an image that is none is an environment error', () => {
  const kept = {exit: 3, code: 'E_NOT_AN_IMAGE'}
  allRefused([
    {
      title: 'a missing image',
      args: ['run', 'no.img', ...OUT],
      exit: 3,
      code: 'E_NO_IMAGE',
      says: 'no.img does not exist (ENOENT)',
    },
    {
      title: 'a missing image with a control character in its name is named without it',
      args: ['run', 'no\u001b[2J.img', ...OUT],
      exit: 3,
      code: 'E_NO_IMAGE',
      says: '.img does not exist (ENOENT)',
    },
    {
      title: 'a directory',
      args: ['run', 'folder', ...OUT],
      given: () => mkdirSync(scene.path('folder')),
      says: 'folder is a directory, not an image',
      ...kept,
    },
    {
      title: 'a character device',
      args: ['run', '/dev/null', ...OUT],
      says: '/dev/null is a character device, not an image',
      ...kept,
    },
    {
      title: 'an empty image',
      args: ['run', 'empty.img', ...OUT],
      given: () => scene.file('empty.img', 0),
      exit: 3,
      code: 'E_EMPTY',
      says: 'empty.img is empty',
    },
    {
      title: 'an image shorter than a sector',
      args: ['run', 'short.img', ...OUT],
      given: () => scene.file('short.img', 511, 0x22),
      exit: 3,
      code: 'E_EMPTY',
      says: 'short.img has 511 bytes',
    },
    {
      title: 'an image that --create would have to make and that exists',
      args: ['run', 'disk.img', ...OUT, '--create', '2M'],
      exit: 3,
      code: 'E_EXISTS',
      says: 'disk.img exists already',
    },
    {
      title: 'an image that --create would have to make where there is no folder',
      args: ['run', 'none/new.img', ...OUT, '--create', '2M'],
      exit: 3,
      code: 'E_NO_FOLDER',
      says: 'none/new.img cannot be made',
    },
  ])
})

describe('an image whose end O_DIRECT cannot reach', () => {
  const refusal = {exit: 3, code: 'E_DIRECT_SIZE', says: 'odd.img has 1000 bytes, not a multiple'}

  itNeeds([direct], 'B9: is refused under none', async () => {
    scene.file('odd.img', 1000, 0x22)
    await expectRefusal(scene, ['run', 'odd.img', ...lines('IN 512 512'), '--cache', 'none'], refusal)
  })

  itNeeds([direct], 'is not left behind when --create was to make it', async () => {
    await expectRefusal(scene, ['run', 'odd.img', ...OUT, '--create', '1000', '--cache', 'none'], refusal)
  })
})

describe('a batch that is none is a usage error, and the image is not even opened', () => {
  const refusal = {exit: 2, code: 'E_BATCH'}
  const args = ['run', 'disk.img', 'batch.fp']
  allRefused([
    {
      title: 'a zero-length batch',
      args,
      given: writeBatch(''),
      says: 'batch.fp: the batch holds no request',
      exit: 2,
      code: 'E_BATCH_EMPTY',
    },
    {
      title: 'a batch of comments and blank lines',
      args,
      given: writeBatch('# nothing\n\n   \n# yet\n'),
      says: 'batch.fp: the batch holds no request',
      exit: 2,
      code: 'E_BATCH_EMPTY',
    },
    {
      title: 'a batch with an error in line 900 of 1000',
      args,
      given: writeBatch(badIn900),
      says: 'batch.fp:900:7: "4q" is not a size',
      ...refusal,
    },
    {
      title: 'binary garbage',
      args,
      given: writeBatch(randomBytes),
      says: 'this is binary, not a batch',
      ...refusal,
    },
    {
      title: 'a disk image given as the batch',
      args: ['run', 'disk.img', 'other.img'],
      given: () => scene.file('other.img', 4096),
      says: 'other.img:1:1: byte 0x00: this is binary, not a batch',
      ...refusal,
    },
    {
      title: 'a sparse batch file of 1 GiB',
      args,
      given: () => {
        writeBatch('OUT 0 4k\n')()
        truncateSync(scene.path('batch.fp'), 2 ** 30)
      },
      says: 'batch.fp: the batch is larger than 64 MiB',
      ...refusal,
    },
    {
      title: 'a batch without end',
      args: ['run', 'disk.img', '/dev/zero'],
      says: '/dev/zero: the batch is larger than 64 MiB',
      ...refusal,
    },
    {
      title: 'a batch that expands to more than a million requests',
      args: ['run', 'disk.img', ...lines('REPEAT 1000001', 'FLUSH', 'END')],
      says: 'more than 1000000 requests',
      ...refusal,
    },
    {title: 'a missing batch file', args, says: 'batch.fp: the batch cannot be read (ENOENT)', ...refusal},
    {
      title: 'a directory as the batch',
      args,
      given: () => mkdirSync(scene.path('batch.fp')),
      says: 'batch.fp: the batch cannot be read (EISDIR)',
      ...refusal,
    },
    {title: 'no batch at all', args: ['run', 'disk.img'], says: 'no batch was given', ...refusal},
    {
      title: 'a batch file and -c together',
      args: [...args, ...OUT],
      given: writeBatch('FLUSH\n'),
      says: 'both a batch (batch.fp) and -c were given',
      ...refusal,
    },
    {
      title: 'an error in a batch from stdin, behind requests that are right',
      args: ['run', 'disk.img', '-'],
      invocation: {input: 'OUT 0 4k\nFLUSH now\n'},
      says: '-:2:7: "now"',
      ...refusal,
    },
    {
      title: 'a number that does not fit 64 bits',
      args: ['run', 'disk.img', ...OUT, ...lines('OUT 99999999999999999999E 4k')],
      says: '-c:2:5: "99999999999999999999E" is too large',
      ...refusal,
    },
    {
      title: 'arithmetic that leaves 64 bits',
      args: ['run', 'disk.img', ...OUT, ...lines('REPEAT 3', 'OUT ${i}*15E 4k', 'END')],
      says: '-c:3:',
      ...refusal,
    },
    {
      title: 'a dependency on a name that comes later',
      args: ['run', 'disk.img', ...lines('OUT 0 4k after=late', 'OUT 4k 4k as=late')],
      says: '-c:1:16: ',
      ...refusal,
    },
    {
      title: 'a pattern file that is missing',
      args: ['run', 'disk.img', ...OUT, ...lines('OUT 4k 4k pattern=file:no.bin')],
      says: '-c:2: file:no.bin cannot be read (ENOENT)',
      exit: 2,
      code: 'E_PATTERN_FILE',
    },
  ])
})

describe('a command line that is wrong is a usage error', () => {
  const run = ['run', 'disk.img', ...OUT]
  const usage = {exit: 2, code: 'E_USAGE'}
  allRefused([
    {title: '--depth 0', args: [...run, '--depth', '0'], says: '--depth: Expected an integer', ...usage},
    {title: '--depth 1.5', args: [...run, '--depth', '1.5'], says: '--depth: Expected an integer', ...usage},
    {
      title: 'a depth that overflows',
      args: [...run, '--depth', '99999999999999999999'],
      says: '--depth: Expected an integer',
      ...usage,
    },
    {title: 'an unknown flag', args: [...run, '--dept', '2'], says: '--dept', ...usage},
    {title: 'an unknown backend', args: [...run, '--aio', 'posix'], says: '--aio', ...usage},
    {title: 'an unknown format', args: [...run, '--format', 'xml'], says: '--format', ...usage},
    {title: 'an image that is not named', args: ['run'], says: 'image', ...usage},
    {title: 'a second batch', args: ['run', 'disk.img', 'a.fp', 'b.fp'], says: 'b.fp', ...usage},
    {
      title: 'an unknown cache mode',
      args: [...run, '--cache', 'writearound'],
      says: '"writearound" is not a cache mode',
      exit: 2,
      code: 'E_CACHE_MODE',
    },
    {
      title: 'one cache mode twice, under two names',
      args: [...run, '--cache', 'none,off'],
      says: '--cache names none twice',
      exit: 2,
      code: 'E_CACHE_MODE',
    },
    {
      title: 'a size for --create that overflows',
      args: [...run, '--create', '99999999999999999999E'],
      says: '--create: "99999999999999999999E" is too large',
      exit: 2,
      code: 'E_SIZE',
    },
    {
      title: 'an image of nothing',
      args: ['run', 'new.img', ...OUT, '--create', '0'],
      says: '--create 0',
      exit: 2,
      code: 'E_CREATE',
    },
    {
      title: 'sharing by force in order to write',
      args: [...run, '--force-share'],
      says: '--force-share is for reading',
      exit: 2,
      code: 'E_FORCE_SHARE',
    },
    {
      title: 'an unknown command, which has a status of its own',
      args: ['rnu', 'disk.img'],
      says: '"rnu"',
      exit: 127,
      code: 'E_UNKNOWN_COMMAND',
    },
    {
      title: 'io_uring where it is disabled, for an image that --create was to make',
      args: ['run', 'new.img', ...OUT, '--create', '1M', '--aio', 'uring'],
      invocation: {env: {FLUSHPOINT_NO_NATIVE: '1'}},
      says: '--aio uring: ',
      exit: 3,
      code: 'E_AIO',
    },
    {
      title: 'io_uring where it is disabled, which is an environment error',
      args: [...run, '--aio', 'uring'],
      invocation: {env: {FLUSHPOINT_NO_NATIVE: '1'}},
      says: '--aio uring: ',
      exit: 3,
      code: 'E_AIO',
    },
  ])

  it('--json and another format contradict each other', async () => {
    const ended = await flushpoint([...run, '--json', '--format', 'csv'], {cwd: scene.folder})
    expect(ended.exit).toBe(2)
    expect(ended.stdout + ended.stderr).toContain('--json and --format csv contradict each other')
  })
})

describe('a request the device refuses', () => {
  it.each(['threads', 'auto', 'sim'])(
    'beyond the end is an IOERR under --aio %s: the run goes on, ends with 1 and touches nothing',
    async (aio) => {
      const before = hashOf(image)
      const batch = lines('OUT 1M 512', 'OUT 1020k 8k', 'IN 1048064 1k', 'OUT 18446744073709551104 512', 'IN 1020k 4k')
      const {exit, document} = await runJson([image, ...batch, '--aio', aio])
      expect(exit).toBe(1)
      expect(document.requests.map(({status, errno}) => `${status} ${errno}`)).toEqual([
        'IOERR 0',
        'IOERR 0',
        'IOERR 0',
        'IOERR 0',
        'OK 0',
      ])
      expect(document.atRisk.powerLoss.bytes).toBe(0)
      expect(hashOf(image)).toBe(before)
    },
  )

  it('of a length that is no whole number of sectors is an IOERR, as A7 asks', async () => {
    const before = hashOf(image)
    const {exit, document} = await runJson([image, ...lines('OUT 0 513', 'IN 1 512', 'OUT 512 0')])
    expect(exit).toBe(1)
    expect(document.requests.map(({status}) => status)).toEqual(['IOERR', 'IOERR', 'OK'])
    expect(hashOf(image)).toBe(before)
  })

  it('is no failure where the batch expects it', async () => {
    const batch = lines('OUT 1M 512 expect=IOERR', 'TYPE 7 0 0 expect=UNSUPP', 'IN 0 512 expect=OK')
    expect(await runJson([image, ...batch])).toMatchObject({
      exit: 0,
      document: {counts: {ran: 3, asExpected: 3, ok: 1}},
    })
  })

  it('is a failure where the batch expects another status', async () => {
    const {exit, document} = await runJson([image, ...lines('IN 0 512 expect=IOERR')])
    expect(exit).toBe(1)
    expect(document.counts).toMatchObject({ran: 1, asExpected: 0, ok: 1})
  })
})
