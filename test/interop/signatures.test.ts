import {spawnSync} from 'node:child_process'
import {readFileSync, truncateSync, writeFileSync} from 'node:fs'
import {afterEach, beforeEach, describe, expect} from 'vitest'
import {Prng} from '../../src/base/index.js'
import type {Signature} from '../../src/disk-layout/index.js'
import {contentsOf, openTarget} from '../../src/inspect/index.js'
import {GOLDEN} from '../disk-layout/signature/golden.js'
import {look, mutant, original} from '../fuzz/mutant.js'
import {loopDevices, Scene} from '../image/scene.js'
import {itNeeds, peer, peerIt, root, surroundings} from '../peers.js'
import {MADE_IMAGES, madeImage, tool} from './made-images.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

/** What blkid prints of an image by looking at its bytes; nothing when it knows nothing. */
function blkid(path: string): Record<string, string> {
  const env = {...process.env, PATH: surroundings().path}
  const {stdout} = spawnSync('blkid', ['-p', '-o', 'export', path], {encoding: 'utf8', env})
  const lines = stdout.split('\n').filter((line) => line.includes('='))
  // A backslash stands before what a shell would take apart.
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replace(/\\(.)/g, '$1')]),
  )
}

const KEYS = ['TYPE', 'USAGE', 'LABEL', 'UUID', 'UUID_SUB', 'VERSION', 'BLOCK_SIZE'] as const

function blkidFacts(path: string): Record<string, string> {
  const facts = blkid(path)
  return Object.fromEntries(KEYS.flatMap((key) => (facts[key] === undefined ? [] : [[key, facts[key]]])))
}

/** A signature under the names of blkid. */
function asBlkid(signature: Signature): Record<string, string> {
  const {type, usage, label, uuid, memberUuid, version, blockBytes} = signature
  const values = [type, usage, label, uuid, memberUuid, version, blockBytes?.toString()]
  return Object.fromEntries(KEYS.flatMap((key, i) => (values[i] === undefined ? [] : [[key, values[i]]])))
}

function signaturesIn(path: string): readonly Signature[] {
  const target = openTarget(path)
  try {
    return contentsOf(target.source).whole
  } finally {
    target.close()
  }
}

/** What one image is said to be, which has to be one thing. */
function only(path: string): Signature {
  const signatures = signaturesIn(path)
  expect(signatures).toHaveLength(1)
  return signatures[0] as Signature
}

describe('an image made by a real tool is what blkid says it is', () => {
  for (const made of MADE_IMAGES.filter(({kind}) => kind !== 'xz' && kind !== 'zstd')) {
    peerIt([made.needs, 'blkid'], made.kind, () => {
      const path = madeImage(scene, made)
      const facts = blkidFacts(path)
      expect(facts['TYPE']).toBeDefined()
      const signature = only(path)
      expect(asBlkid(signature)).toEqual(facts)
      expect(signature.sizeBytes ?? 0).toBeLessThanOrEqual(readFileSync(path).length)
    })
  }

  itNeeds([root(), loopDevices, peer('pvcreate'), peer('blkid')], 'LVM physical volume', () => {
    const path = scene.file('pv', 32 << 20)
    const device = scene.loop(path)
    tool('pvcreate', ['--quiet', '--devices', device, device])
    expect(asBlkid(only(path))).toEqual(blkidFacts(path))
    expect(only(path)).toMatchObject({sizeBytes: 32 << 20, details: [['volume group', 'none']]})
    tool('vgcreate', ['--quiet', '--autobackup', 'n', '--devices', device, 'flushpoint-test', device])
    expect(only(path).details).toEqual([['volume group', 'flushpoint-test']])
  })
})

describe('a damaged image of a real tool never makes a parser fail, read outside or read without end', () => {
  for (const made of MADE_IMAGES) {
    peerIt([made.needs], made.kind, () => {
      const bytes = readFileSync(madeImage(scene, made))
      // What signs for a format is near its start; whatever is behind is read where that leads.
      const whole = {...original(bytes.subarray(0, 256 << 10)), sizeBytes: bytes.length}
      for (let seed = 1; seed <= 40; seed++) {
        expect(() => look(mutant(whole, new Prng(seed))), `seed ${seed}`).not.toThrow()
      }
    })
  }
})

describe('an image written from a specification is one for blkid too', () => {
  /** blkid wants more than a superblock of bcachefs and of UDF, and knows neither virtual disks nor compression. */
  const OTHERS = ['bcachefs', 'udf', 'udf in blocks of 4096']
  const known = GOLDEN.filter(({kind, expected}) => {
    const {usage} = expected
    return (
      !OTHERS.includes(kind) && usage !== 'image' && usage !== 'compressed' && usage !== 'boot' && kind !== 'vhd-footer'
    )
  })
  for (const {kind, disk} of known) {
    peerIt(['blkid'], kind, () => {
      const path = scene.path('golden')
      writeFileSync(path, disk.bytes)
      // It passes over file systems in images too small to hold one.
      if (!kind.startsWith('md-')) truncateSync(path, Math.max(disk.bytes.length, 128 << 20))
      const facts = blkidFacts(path)
      const {LABEL: label, ...others} = facts
      const {LABEL: ours, ...ourOthers} = asBlkid(only(path))
      expect(ourOthers).toEqual(others)
      // Of what is not ASCII it prints something else; a label that it does not find here it finds in images of real tools.
      if (label !== undefined && !label.includes('M-')) expect(ours).toBe(label)
    })
  }
})

describe('an image written from a specification is one for the tool of its format', () => {
  for (const {kind, disk} of GOLDEN.filter((golden) => golden.kind.startsWith('md-'))) {
    peerIt(['mdadm'], `for mdadm --examine, field by field, with the right checksum: ${kind}`, () => {
      const path = scene.path('golden')
      writeFileSync(path, disk.bytes)
      const told = tool('mdadm', ['--examine', path])
      const field = (name: string): string | undefined => new RegExp(`^ *${name} : (.*)$`, 'm').exec(told)?.[1]?.trim()
      const digits = (id: string | undefined): string | undefined => id?.replaceAll(/[:-]/g, '')
      const sectors = (name: string): number => Number.parseInt(field(name) ?? '0', 10)
      const {uuid, memberUuid, label, version, sizeBytes, details = []} = only(path)
      expect([digits(uuid), digits(memberUuid), label]).toEqual([
        digits(field('(?:Array )?UUID')),
        digits(field('Device UUID')),
        field('Name'),
      ])
      expect(version).toBe(field('Version')?.replace('0.90.00', '0.90.0'))
      expect(Object.fromEntries(details)).toEqual({
        level: field('Raid Level')?.replace('raid', 'RAID '),
        members: field('Raid Devices'),
      })
      const [data, size] = [sectors('Data Offset'), sectors('Avail Dev Size')]
      expect(sizeBytes).toBe(size === 0 ? undefined : (data + size) * 512)
      expect(field('Checksum')).toMatch(/ - correct$/)
    })
  }
})

describe('what only its own tools tell', () => {
  peerIt(['mkfs.ext4'], 'of ext4: the features, in the words of dumpe2fs', () => {
    const path = scene.file('disk', 64 << 20)
    tool('mkfs.ext4', ['-q', '-O', 'inline_data,casefold,project,quota,mmp,bigalloc', path])
    const line = /^Filesystem features: +(.+)$/m.exec(tool('dumpe2fs', ['-h', path]))?.[1] ?? ''
    expect(only(path).features?.toSorted()).toEqual(line.split(' ').toSorted())
  })

  peerIt(['mkfs.xfs'], 'of XFS: its size and whether it has reflinks, as xfs_db prints them', () => {
    const path = scene.file('disk', 320 << 20)
    tool('mkfs.xfs', ['-q', '-m', 'reflink=0', path])
    const {features, sizeBytes} = only(path)
    expect([features?.includes('reflink'), features?.includes('finobt'), sizeBytes]).toEqual([false, true, 320 << 20])
  })

  peerIt(['mkfs.btrfs'], 'of Btrfs: the features, in the words of btrfs inspect-internal dump-super', () => {
    const path = scene.file('disk', 128 << 20)
    tool('mkfs.btrfs', ['-q', '-R', 'free-space-tree', path])
    const told = tool('btrfs', ['inspect-internal', 'dump-super', path])
    const flags = [...told.matchAll(/^compat_ro_flags[^(]+\(([^)]+)|^incompat_flags[^(]+\(([^)]+)/gm)]
    const words = flags.flatMap(([, readOnly, other]) => (readOnly ?? other ?? '').match(/\w+/g) ?? [])
    expect(words).toContain('FREE_SPACE_TREE')
    expect(only(path).features?.map((feature) => feature.toUpperCase())).toEqual(words)
  })

  peerIt(['qemu-img'], 'of virtual disks: the format and the size of the disk inside, as qemu-img says', () => {
    for (const format of ['qcow2', 'qed', 'vmdk', 'vdi', 'vhdx', 'vpc']) {
      const path = scene.path(`disk.${format}`)
      tool('qemu-img', ['create', '-q', '-f', format, path, '10M'])
      const info = JSON.parse(tool('qemu-img', ['info', '--output=json', path])) as Record<string, unknown>
      const {type, details} = only(path)
      expect([type, details?.[0]]).toEqual([format, ['disk inside', `${String(info['virtual-size'])} bytes`]])
    }
  })

  for (const made of MADE_IMAGES.filter(({kind}) => kind === 'xz' || kind === 'zstd')) {
    peerIt([made.needs], `of packed images: ${made.kind}`, () => {
      expect(only(madeImage(scene, made))).toMatchObject({type: made.kind, usage: 'compressed'})
    })
  }
})
