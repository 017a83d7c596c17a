import {invariant, SECTOR_BYTES} from '../base/index.js'

/** Bytes of the configuration space, the fields of zoned devices included. */
export const CONFIG_BYTES = 96

/** One field of the configuration space of a virtio block device. */
export interface ConfigField {
  readonly name: string
  readonly offsetBytes: number
  readonly widthBytes: 1 | 2 | 3 | 4 | 8
  /** The feature that makes it mean something; "" where it always does, or never (padding). */
  readonly feature: string
  /** What it says, in a few words. Sectors have 512 bytes; blocks are logical blocks. */
  readonly means: string
}

const field = (
  offsetBytes: number,
  widthBytes: ConfigField['widthBytes'],
  name: string,
  feature: string,
  means: string,
): ConfigField => ({name, offsetBytes, widthBytes, feature, means})

/** Every field, in wire order and without gaps. Source: virtio 1.3, 5.2.4. */
export const CONFIG_FIELDS = [
  field(0, 8, 'capacity', '', 'sectors'),
  field(8, 4, 'size_max', 'SIZE_MAX', 'bytes of a segment'),
  field(12, 4, 'seg_max', 'SEG_MAX', 'segments in a request'),
  field(16, 2, 'cylinders', 'GEOMETRY', ''),
  field(18, 1, 'heads', 'GEOMETRY', ''),
  field(19, 1, 'sectors', 'GEOMETRY', ''),
  field(20, 4, 'blk_size', 'BLK_SIZE', 'bytes of a block'),
  field(24, 1, 'physical_block_exp', 'TOPOLOGY', 'physical block, log2 blocks'),
  field(25, 1, 'alignment_offset', 'TOPOLOGY', 'first aligned block'),
  field(26, 2, 'min_io_size', 'TOPOLOGY', 'blocks'),
  field(28, 4, 'opt_io_size', 'TOPOLOGY', 'blocks'),
  field(32, 1, 'writeback', 'CONFIG_WCE', '1: completed is not stable'),
  field(33, 1, 'unused0', '', 'padding'),
  field(34, 2, 'num_queues', 'MQ', ''),
  field(36, 4, 'max_discard_sectors', 'DISCARD', 'sectors in a segment'),
  field(40, 4, 'max_discard_seg', 'DISCARD', 'segments in a request'),
  field(44, 4, 'discard_sector_alignment', 'DISCARD', 'sectors'),
  field(48, 4, 'max_write_zeroes_sectors', 'WRITE_ZEROES', 'sectors in a segment'),
  field(52, 4, 'max_write_zeroes_seg', 'WRITE_ZEROES', 'segments in a request'),
  field(56, 1, 'write_zeroes_may_unmap', 'WRITE_ZEROES', '1: unmap may free blocks'),
  field(57, 3, 'unused1', '', 'padding'),
  field(60, 4, 'max_secure_erase_sectors', 'SECURE_ERASE', 'sectors in a segment'),
  field(64, 4, 'max_secure_erase_seg', 'SECURE_ERASE', 'segments in a request'),
  field(68, 4, 'secure_erase_sector_alignment', 'SECURE_ERASE', 'sectors'),
  field(72, 4, 'zone_sectors', 'ZONED', 'sectors in a zone'),
  field(76, 4, 'max_open_zones', 'ZONED', ''),
  field(80, 4, 'max_active_zones', 'ZONED', ''),
  field(84, 4, 'max_append_sectors', 'ZONED', 'sectors'),
  field(88, 4, 'write_granularity', 'ZONED', 'bytes'),
  field(92, 1, 'model', 'ZONED', '0: not zoned'),
  field(93, 3, 'unused2', '', 'padding'),
] as const satisfies readonly ConfigField[]

/** Values of fields by name; those left out are 0. */
export type ConfigValues = Readonly<Record<string, bigint>>

/** A decoded field. */
export interface ConfigRow extends ConfigField {
  readonly value: bigint
}

/**
 * The device this tool is, as far as its configuration says it.
 *
 * @param writeback whether it advertises a write cache
 */
export interface ConfigDevice {
  readonly capacitySectors: number
  readonly logicalBlockBytes: number
  readonly writeback: boolean
  readonly queues: number
}

/** The whole 512-byte sectors of an image. Bytes after the last whole sector cannot be reached by any request. */
export function capacitySectors(sizeBytes: number): number {
  return Math.floor(sizeBytes / SECTOR_BYTES)
}

/** The field values of a device: requests take one segment for DISCARD and WRITE_ZEROES, of any length. */
export function configValues({
  capacitySectors: sectors,
  logicalBlockBytes,
  writeback,
  queues,
}: ConfigDevice): ConfigValues {
  const anyLength = 0xffff_ffffn
  return {
    capacity: BigInt(sectors),
    blk_size: BigInt(logicalBlockBytes),
    writeback: writeback ? 1n : 0n,
    num_queues: BigInt(queues),
    max_discard_sectors: anyLength,
    max_discard_seg: 1n,
    discard_sector_alignment: 1n,
    max_write_zeroes_sectors: anyLength,
    max_write_zeroes_seg: 1n,
    write_zeroes_may_unmap: 1n,
  }
}

/**
 * The configuration space as the guest reads it: CONFIG_BYTES bytes, integers little-endian (the modern interface).
 *
 * @throws ToolError of kind bug for a name that is no field, and for a value its field cannot hold
 */
export function encodeConfig(values: ConfigValues): Uint8Array {
  const bytes = new Uint8Array(CONFIG_BYTES)
  for (const [name, value] of Object.entries(values)) {
    const place = CONFIG_FIELDS.find((candidate) => candidate.name === name)
    invariant(place !== undefined, `${name} is no field of the configuration space`)
    const bits = BigInt(place.widthBytes * 8)
    invariant(value >= 0n && value < 1n << bits, `${name} cannot be ${value}: it has ${bits} bits`)
    for (let i = 0; i < place.widthBytes; i++) {
      bytes[place.offsetBytes + i] = Number((value >> BigInt(8 * i)) & 0xffn)
    }
  }
  return bytes
}

/** Every field that lies completely within the bytes, in wire order: older devices have a shorter configuration space. */
export function decodeConfig(bytes: Uint8Array): ConfigRow[] {
  return CONFIG_FIELDS.filter(({offsetBytes, widthBytes}) => offsetBytes + widthBytes <= bytes.length).map((place) => {
    let value = 0n
    for (let i = place.widthBytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[place.offsetBytes + i] ?? 0)
    return {...place, value}
  })
}
