import {execFileSync} from 'node:child_process'
import {closeSync, copyFileSync, mkdirSync, openSync, truncateSync, writeFileSync, writeSync} from 'node:fs'
import {join} from 'node:path'
import {surroundings, type PeerName} from '../peers.js'
import {type Scene} from '../image/scene.js'

/** Runs a program that makes or describes an image; what it says is given back. */
export function tool(program: string, args: readonly string[], input = ''): string {
  const env = {...process.env, PATH: surroundings().path, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8'}
  return execFileSync(program, args, {env, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe']})
}

/** A kind of image that a real tool makes. */
export interface MadeImage {
  readonly kind: string
  readonly needs: PeerName
  readonly sizeBytes: number
  readonly make: (path: string, scene: Scene) => void
}

const MIB = 2 ** 20

/** A folder with a file in it, for file systems that are made of one. */
function content(scene: Scene): string {
  const folder = scene.path('content')
  mkdirSync(folder, {recursive: true})
  writeFileSync(join(folder, 'file'), 'something')
  return folder
}

const mkfs = (
  kind: string,
  needs: PeerName,
  sizeMib: number,
  args: readonly string[],
  program: string = needs,
): MadeImage => ({kind, needs, sizeBytes: sizeMib * MIB, make: (path) => tool(program, [...args, path])})

const luks = (kind: string, ...args: string[]): MadeImage => ({
  kind,
  needs: 'cryptsetup',
  sizeBytes: 32 * MIB,
  make: (path) => {
    const cheap = ['--pbkdf-force-iterations', '1000', '--batch-mode', path, '-']
    tool('cryptsetup', ['luksFormat', ...args, ...cheap], 'passphrase')
  },
})

/** LUKS 2 whose start was overwritten. */
const headless: MadeImage = {
  kind: 'LUKS 2 without its first header',
  needs: 'cryptsetup',
  sizeBytes: 32 * MIB,
  make: (path, scene) => {
    luks('', '--type', 'luks2', '--label', 'llabel', '--pbkdf', 'pbkdf2', '--luks2-metadata-size', '64k').make(
      path,
      scene,
    )
    const file = openSync(path, 'r+')
    writeSync(file, new Uint8Array(4096))
    closeSync(file)
  },
}

const packed = (kind: string, needs: PeerName, suffix: string): MadeImage => ({
  kind,
  needs,
  sizeBytes: MIB,
  make: (path) => {
    tool(needs, ['-q', path])
    copyFileSync(path + suffix, path)
  },
})

/** Every kind of content that a tool of Debian makes in a file, without root. */
export const MADE_IMAGES: readonly MadeImage[] = [
  mkfs('ext2', 'mkfs.ext4', 8, ['-q', '-t', 'ext2', '-L', 'two words']),
  mkfs('ext3', 'mkfs.ext4', 16, ['-q', '-t', 'ext3', '-L', 'three']),
  mkfs('ext4', 'mkfs.ext4', 64, ['-q', '-L', 'four']),
  mkfs('ext4 without a journal', 'mkfs.ext4', 16, ['-q', '-O', '^has_journal', '-b', '4096']),
  mkfs('external journal', 'mkfs.ext4', 16, ['-q', '-O', 'journal_dev', '-b', '4096', '-L', 'log']),
  mkfs('xfs', 'mkfs.xfs', 320, ['-q', '-L', 'xlabel']),
  mkfs('btrfs', 'mkfs.btrfs', 128, ['-q', '-L', 'b label']),
  mkfs('btrfs with sha256', 'mkfs.btrfs', 128, ['-q', '--csum', 'sha256']),
  mkfs('FAT12', 'mkfs.vfat', 2, ['-F', '12', '-n', 'TWELVE']),
  mkfs('FAT16', 'mkfs.vfat', 32, ['-F', '16', '-n', 'SIXTEEN', '-S', '1024']),
  mkfs('FAT32', 'mkfs.vfat', 64, ['-F', '32', '-n', 'THIRTY TWO']),
  mkfs('FAT32 without a label', 'mkfs.vfat', 64, ['-F', '32']),
  mkfs('exfat', 'mkfs.exfat', 16, ['-L', 'exlabel']),
  mkfs('ntfs', 'mkfs.ntfs', 16, ['-q', '-F', '-L', 'nt label']),
  mkfs('f2fs', 'mkfs.f2fs', 64, ['-q', '-l', 'flabel']),
  mkfs('udf', 'mkudffs', 16, ['-l', 'ulabel']),
  mkfs('udf in blocks of 2048', 'mkudffs', 16, ['-b', '2048', '-l', 'ulabel']),
  mkfs('udf in blocks of 4096', 'mkudffs', 16, ['-b', '4096', '-l', 'ulabel']),
  mkfs('swap', 'mkswap', 4, ['-L', 'swlabel']),
  mkfs('swap with large pages', 'mkswap', 4, ['-p', '65536']),
  {
    kind: 'bcache backing',
    needs: 'make-bcache',
    sizeBytes: 16 * MIB,
    make: (path) => tool('make-bcache', ['-B', path]),
  },
  {kind: 'bcache cache', needs: 'make-bcache', sizeBytes: 64 * MIB, make: (path) => tool('make-bcache', ['-C', path])},
  luks('LUKS 1', '--type', 'luks1'),
  luks('LUKS 2', '--type', 'luks2', '--label', 'llabel', '--subsystem', 'lsub', '--pbkdf', 'pbkdf2'),
  headless,
  {
    kind: 'ISO 9660',
    needs: 'xorriso',
    sizeBytes: 0,
    make: (path, scene) => {
      tool('xorriso', ['-outdev', `stdio:${path}`, '-volid', 'ISOLABEL', '-add', content(scene), '--'])
    },
  },
  {
    kind: 'ISO 9660 with Joliet',
    needs: 'xorriso',
    sizeBytes: 0,
    make: (path, scene) => {
      tool('xorriso', ['-as', 'mkisofs', '-quiet', '-J', '-V', 'Mixed Label', '-o', path, content(scene)])
    },
  },
  {
    kind: 'squashfs',
    needs: 'mksquashfs',
    sizeBytes: 0,
    make: (path, scene) => {
      tool('mksquashfs', [content(scene), path, '-quiet', '-no-progress', '-noappend'])
    },
  },
  {
    kind: 'erofs',
    needs: 'mkfs.erofs',
    sizeBytes: 0,
    make: (path, scene) => {
      tool('mkfs.erofs', ['-U', '01234567-89ab-cdef-fedc-ba9876543210', path, content(scene)])
    },
  },
  packed('xz', 'xz', '.xz'),
  packed('zstd', 'zstd', '.zst'),
]

/** Makes one in a scene. @returns its path */
export function madeImage(scene: Scene, {kind, sizeBytes, make}: MadeImage): string {
  const path = sizeBytes === 0 ? scene.path('made') : scene.file('made', sizeBytes)
  make(path, scene)
  if (kind === 'squashfs') truncateSync(path, MIB) // it ends in the middle of a sector
  return path
}
