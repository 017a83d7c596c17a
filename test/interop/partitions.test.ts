import {execFileSync} from 'node:child_process'
import {closeSync, openSync, truncateSync, writeSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect} from 'vitest'
import {gptTypeName, mbrTypeName, type Contents} from '../../src/disk-layout/index.js'
import {contentsOf, openTarget, partitionsDocument} from '../../src/inspect/index.js'
import {loopDevices, Scene} from '../image/scene.js'
import {itNeeds, peer, peerIt, root, surroundings} from '../peers.js'
import {tool} from './made-images.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

function contentsIn(path: string): Contents {
  const target = openTarget(path)
  try {
    return contentsOf(target.source)
  } finally {
    target.close()
  }
}

/** What `partitions --json` has where `sfdisk -J` has it. */
function ourTable(path: string, name = path): unknown {
  const contents = contentsIn(path)
  if (contents.table === undefined) throw new Error('no table')
  const {json} = partitionsDocument(name, contents.table, contents)
  return JSON.parse(JSON.stringify((json as {partitiontable: unknown}).partitiontable))
}

function sfdiskTable(device: string): unknown {
  return (JSON.parse(tool('sfdisk', ['-J', device])) as {partitiontable: unknown}).partitiontable
}

function codesIn(path: string): string[] {
  return contentsIn(path).problems.map(({code}) => code)
}

const DOS_SCRIPT = `label: dos
label-id: 0x12ab34cd
start=2048, size=8192, type=83, bootable
start=10240, size=60000, type=f
start=110592, size=2048, type=7
start=12288, size=4096, type=82
start=20480, size=4096, type=fd
start=32768, size=2048, type=8e
`
const GPT_SCRIPT = `label: gpt
start=2048, size=8192, type=U, name="EFI äö 💾", attrs="RequiredPartition LegacyBIOSBootable GUID:63,60"
start=10240, size=4096, type=L
`

describe('a table is read as sfdisk reads it, field by field', () => {
  it3('an MBR with logical partitions, made by sfdisk', 'sfdisk', (path) => tool('sfdisk', ['-q', path], DOS_SCRIPT))
  it3('a GPT with names and attributes, made by sfdisk', 'sfdisk', (path) => tool('sfdisk', ['-q', path], GPT_SCRIPT))
  it3('a GPT with gaps in its numbers, made by sgdisk', 'sgdisk', (path) => {
    const partitions = [
      '-n',
      '3:2048:+4M',
      '-t',
      '3:8300',
      '-n',
      '7:0:+1M',
      '-t',
      '7:ef02',
      '-c',
      '7:boot',
      '-A',
      '7:set:2',
    ]
    return tool('sgdisk', [...partitions, '-n', '128:0:0', path])
  })
  it3('a GPT with 4 entries, made by sgdisk', 'sgdisk', (path) => tool('sgdisk', ['-S', '4', '-n', '1:0:+1M', path]))
  it3('a GPT, made by parted', 'parted', (path) =>
    tool('parted', ['-s', path, 'mklabel', 'gpt', 'mkpart', 'one', '1MiB', '3MiB', 'mkpart', 'two', '3MiB', '100%']),
  )
  it3('an MBR with logical partitions, made by parted', 'parted', (path) => {
    const logical = ['mkpart', 'logical', '5MiB', '6MiB', 'mkpart', 'logical', '7MiB', '9MiB']
    return tool('parted', ['-s', path, 'mklabel', 'msdos', 'mkpart', 'extended', '4MiB', '20MiB', ...logical])
  })

  /** On a file, whose sectors are of 512 bytes for sfdisk. */
  function it3(title: string, maker: 'sfdisk' | 'sgdisk' | 'parted', make: (path: string) => void): void {
    peerIt([maker, 'sfdisk'], title, () => {
      const path = scene.file('disk', 64 << 20)
      make(path)
      expect(ourTable(path)).toEqual(sfdiskTable(path))
      expect(contentsIn(path).problems.filter(({severity}) => severity === 'error')).toEqual([])
    })
  }

  for (const [label, script] of [
    ['GPT', GPT_SCRIPT.replace('size=8192', 'size=1024').replace('start=2048', 'start=256')],
    ['MBR', 'label: dos\nsize=1024,type=83\nsize=4096,type=5\nsize=256\nsize=512,type=82\nsize=1000,type=83\n'],
  ] as const) {
    itNeeds([root(), loopDevices, peer('sfdisk')], `a ${label} on a disk with sectors of 4096 bytes`, () => {
      const path = scene.file('disk', 64 << 20)
      const device = scene.loop(path, '--sector-size', '4096')
      tool('sfdisk', ['-q', device], script)
      // From the file alone, of which nothing says what its sectors are: only the names of the nodes are those of the device.
      expect(ourTable(path, device)).toEqual(sfdiskTable(device))
    })
  }

  peerIt(
    ['sfdisk'],
    'an MBR of which one logical partition lost its type, with the numbers of the others as they were',
    () => {
      const path = scene.file('disk', 64 << 20)
      tool('sfdisk', ['-q', path], DOS_SCRIPT)
      const [first] = contentsIn(path).table?.partitions.filter(({kind}) => kind === 'extended') ?? []
      const file = openSync(path, 'r+')
      writeSync(file, new Uint8Array(1), 0, 1, (first?.offsetBytes ?? 0) + 446 + 4)
      closeSync(file)
      expect(ourTable(path)).toEqual(sfdiskTable(path))
    },
  )

  peerIt(['parted'], 'a GPT in sectors of 4096 bytes, made by parted in a file', () => {
    const path = scene.file('disk', 64 << 20)
    const env = {...process.env, PATH: surroundings().path, PARTED_SECTOR_SIZE: '4096'}
    const parted = (...args: string[]): string => execFileSync('parted', ['-s', ...args], {env, encoding: 'utf8'})
    parted(path, 'mklabel', 'gpt', 'mkpart', 'one', '1MiB', '3MiB', 'mkpart', 'two', '5MiB', '7MiB')
    const {disk} = JSON.parse(parted('-j', path, 'unit', 's', 'print')) as {
      disk: {partitions: {number: number; start: string; end: string; name: string}[]}
    }
    const {table} = contentsIn(path)
    expect(table).toMatchObject({label: 'gpt', sectorBytes: 4096, problems: []})
    expect(
      table?.partitions.map(({number, firstLba, sectors, name}) => ({
        number,
        start: `${firstLba}s`,
        end: `${firstLba + sectors - 1}s`,
        name,
      })),
    ).toEqual(disk.partitions.map(({number, start, end, name}) => ({number, start, end, name})))
  })

  peerIt(['sgdisk'], 'a hybrid MBR names what sgdisk put into it', () => {
    const path = scene.file('disk', 64 << 20)
    tool('sgdisk', ['-n', '1:2048:+4M', '-n', '2:0:+2M', path])
    tool('sgdisk', ['-h', '1:2', path])
    const {table, problems} = contentsIn(path)
    expect(table?.gpt).toMatchObject({mbr: 'hybrid', hybrid: [{offsetBytes: 1 << 20}, {offsetBytes: 5 << 20}]})
    expect(problems.map(({code}) => code)).toEqual(['MBR_HYBRID'])
  })
})

describe('a disc that is a disk too', () => {
  for (const [title, args] of [
    ['with an MBR whose first partition is all of it', []],
    ['with an MBR, whose partition begins behind the table', ['-partition_offset', '16']],
    ['with a GPT', ['-appended_part_as_gpt']],
  ] as const) {
    peerIt(['xorriso', 'sfdisk'], `has nothing wrong with it for being one, made by xorriso: ${title}`, () => {
      const path = scene.path('disc.iso')
      const efi = scene.file('efi', 2 << 20)
      const iso = ['-quiet', '-o', path, ...args, '-append_partition', '2', '0xef', efi, efi]
      tool('xorriso', ['-as', 'mkisofs', ...iso])
      expect(ourTable(path)).toEqual(sfdiskTable(path))
      expect(contentsIn(path).problems.filter(({severity}) => severity === 'error')).toEqual([])
    })
  }
})

describe('damage that other tools mention in passing', () => {
  peerIt(
    ['sgdisk'],
    'of an image that has grown is the same as sgdisk -v finds, and gone when sgdisk has mended it',
    () => {
      const path = scene.file('disk', 16 << 20)
      tool('sgdisk', ['-n', '1:2048:+4M', path])
      truncateSync(path, 32 << 20)
      expect(tool('sgdisk', ['-v', path])).toContain("secondary header's self-pointer indicates that it doesn't reside")
      expect(codesIn(path)).toEqual(['GPT_BACKUP_MISPLACED', 'MBR_PROTECTION_SIZE'])
      tool('sgdisk', ['-e', path])
      expect(codesIn(path)).toEqual([])
    },
  )

  peerIt(
    ['sfdisk'],
    'of the primary header leaves the partitions that sfdisk still finds, and is gone when sfdisk writes',
    () => {
      const path = scene.file('disk', 16 << 20)
      tool('sfdisk', ['-q', path], 'label: gpt\nstart=2048,size=4096\n')
      const table = sfdiskTable(path)
      const fd = openSync(path, 'r+')
      writeSync(fd, Buffer.alloc(512), 0, 512, 512)
      closeSync(fd)
      expect(codesIn(path)).toEqual(['GPT_PRIMARY_MISSING'])
      expect(ourTable(path)).toEqual(table)
      tool('sfdisk', ['-q', '--part-type', path, '1', '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F'])
      expect(codesIn(path)).toEqual([])
    },
  )
})

describe('the types of partitions', () => {
  peerIt(['sfdisk'], 'that sfdisk lists have names here too', () => {
    const listed = (label: string): string[] =>
      tool('sfdisk', ['-T', '--label', label])
        .split('\n')
        .flatMap((line) => /^ *([0-9A-Fa-f]{1,2}|[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27})  /.exec(line)?.[1] ?? [])
    const [dos, gpt] = [listed('dos').filter((type) => type !== '0'), listed('gpt')]
    expect(Math.min(dos.length - 80, gpt.length - 150)).toBeGreaterThan(0)
    expect(dos.filter((type) => mbrTypeName(Number.parseInt(type, 16)) === undefined)).toEqual([])
    expect(gpt.filter((type) => gptTypeName(type.toUpperCase()) === undefined)).toEqual([])
  })
})
