import {Fields} from '../fields.js'
import {serialText} from './fat.js'
import {sizeOf, type Probe} from './signature.js'

/** The boot sector and the folder entries: "exFAT file system specification" (Microsoft), 3.1 and 6. */
const ENTRY_BYTES = 32
const LABEL_ENTRY = 0x83
const ROOT_BYTES_MAX = 64 << 10
const VOLUME_DIRTY = 2
const MEDIA_FAILURE = 4

export const exfat: Probe = (reader) => {
  const boot = new Fields(reader.read(0, 512))
  const [sectorShift, clusterShift] = [boot.u8(108), boot.u8(109)]
  if (!boot.has(3, 'EXFAT   ') || sectorShift < 9 || sectorShift > 12 || sectorShift + clusterShift > 25)
    return undefined
  const sectorBytes = 2 ** sectorShift
  const clusterBytes = sectorBytes * 2 ** clusterShift
  const rootAt = boot.u32(88) * sectorBytes + (Math.max(2, boot.u32(96)) - 2) * clusterBytes
  const root = new Fields(reader.read(rootAt, Math.min(clusterBytes, ROOT_BYTES_MAX)))
  const flags = boot.u16(106)
  return {
    type: 'exfat',
    name: 'exFAT',
    usage: 'filesystem',
    offsetBytes: 3,
    label: labelOf(root),
    uuid: serialText(boot.u32(100)),
    version: `${boot.u8(105)}.${boot.u8(104)}`,
    blockBytes: sectorBytes,
    sizeBytes: sizeOf(boot.u64(72), sectorBytes),
    details: [['cluster size', `${clusterBytes} bytes`]],
    warnings: [
      ...(flags & VOLUME_DIRTY ? ['it is mounted, or was not unmounted'] : []),
      ...(flags & MEDIA_FAILURE ? ['it has seen failures of its medium'] : []),
    ],
  }
}

function labelOf(root: Fields): string | undefined {
  for (let at = 0; at + ENTRY_BYTES <= root.bytes.length && root.u8(at) !== 0; at += ENTRY_BYTES) {
    if (root.u8(at) === LABEL_ENTRY) return root.utf16(at + 2, Math.min(root.u8(at + 1), 11) * 2)
  }
  return undefined
}
