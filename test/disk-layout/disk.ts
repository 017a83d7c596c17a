import {crc32} from 'node:zlib'

/** One entry of a boot record, written from UEFI 2.10, table 5.3. */
export interface RecordEntry {
  readonly type: number
  readonly firstLba: number
  readonly sectors: number
  readonly boot?: number
}

/** A disk in memory to write partition tables to, byte by byte as the specification has them. */
export class Disk {
  readonly bytes: Uint8Array
  readonly sectorBytes: number
  readonly #view: DataView

  constructor(sectors: number, sectorBytes = 512) {
    this.bytes = new Uint8Array(sectors * sectorBytes)
    this.sectorBytes = sectorBytes
    this.#view = new DataView(this.bytes.buffer)
  }

  get sectors(): number {
    return this.bytes.length / this.sectorBytes
  }

  put(offsetBytes: number, content: Uint8Array | string): this {
    this.bytes.set(typeof content === 'string' ? Buffer.from(content, 'latin1') : content, offsetBytes)
    return this
  }

  u16(offsetBytes: number, value: number): this {
    this.#view.setUint16(offsetBytes, value, true)
    return this
  }

  u32(offsetBytes: number, value: number): this {
    this.#view.setUint32(offsetBytes, value, true)
    return this
  }

  u64(offsetBytes: number, value: number | bigint): this {
    this.#view.setBigUint64(offsetBytes, BigInt(value), true)
    return this
  }

  be16(offsetBytes: number, value: number): this {
    this.#view.setUint16(offsetBytes, value)
    return this
  }

  be32(offsetBytes: number, value: number): this {
    this.#view.setUint32(offsetBytes, value)
    return this
  }

  be64(offsetBytes: number, value: number | bigint): this {
    this.#view.setBigUint64(offsetBytes, BigInt(value))
    return this
  }

  hex(offsetBytes: number, digits: string): this {
    return this.put(offsetBytes, Buffer.from(digits.replaceAll('-', ''), 'hex'))
  }

  /** Changes one bit. */
  damage(offsetBytes: number): this {
    this.bytes[offsetBytes] = (this.bytes[offsetBytes] ?? 0) ^ 1
    return this
  }

  /** A boot record at a sector: 446 bytes of code, four entries, 0x55 0xAA. Entries keep the slots they are given in. */
  record(lba: number, entries: readonly (RecordEntry | undefined)[], diskId = 0): this {
    const at = lba * this.sectorBytes
    this.u32(at + 440, diskId)
    entries.forEach((entry, slot) => {
      if (entry === undefined) return
      const place = at + 446 + slot * 16
      this.bytes[place] = entry.boot ?? 0
      this.bytes[place + 4] = entry.type
      this.u32(place + 8, entry.firstLba).u32(place + 12, entry.sectors)
    })
    return this.u16(at + 510, 0xaa55)
  }

  /** A GPT entry in a table at a sector (UEFI 2.10, table 5.6). GUIDs are given as 16 bytes in hex, as they are on disk. */
  gptEntry(tableLba: number, index: number, {type, own, first, last, name, attributes}: GptEntry): this {
    const at = tableLba * this.sectorBytes + index * 128
    this.put(at, Buffer.from(type ?? LINUX, 'hex')).put(
      at + 16,
      Buffer.from(own ?? `${index}1`.padStart(32, '0'), 'hex'),
    )
    return this.u64(at + 32, first)
      .u64(at + 40, last)
      .u64(at + 48, attributes ?? 0)
      .put(at + 56, Buffer.from(name ?? '', 'utf16le'))
  }

  /** A GPT header with its checksums (UEFI 2.10, table 5.5), over the entries as they are now. */
  gptHeader(lba: number, otherLba: number, tableLba: number, {entries = 128} = {}): this {
    const at = lba * this.sectorBytes
    const tableSectors = Math.ceil((entries * 128) / this.sectorBytes)
    this.put(at, 'EFI PART')
      .u32(at + 8, 0x10000)
      .u32(at + 12, 92)
    this.u64(at + 24, lba).u64(at + 32, otherLba)
    this.u64(at + 40, 2 + tableSectors).u64(at + 48, this.sectors - 2 - tableSectors)
    this.put(at + 56, Buffer.from('00112233445566778899aabbccddeeff', 'hex'))
    this.u64(at + 72, tableLba)
      .u32(at + 80, entries)
      .u32(at + 84, 128)
    const tableAt = tableLba * this.sectorBytes
    this.u32(at + 88, crc32(this.bytes.subarray(tableAt, tableAt + entries * 128)))
    return this.sealed(lba)
  }

  /** Writes the checksum of a GPT header that was changed (UEFI 2.10, 5.3.2: over the header, with zeroes for itself). */
  sealed(lba: number): this {
    const at = lba * this.sectorBytes
    this.u32(at + 16, 0)
    return this.u32(at + 16, crc32(this.bytes.subarray(at, at + 92)))
  }

  /** Other usable sectors than a GPT has room for. */
  usable(lba: number, first: number | bigint, last: number | bigint): this {
    const at = lba * this.sectorBytes
    return this.u64(at + 40, first)
      .u64(at + 48, last)
      .sealed(lba)
  }

  /** A whole GPT: protective MBR, both tables with the entries, both headers. */
  gpt(entries: readonly GptEntry[]): this {
    const last = this.sectors - 1
    const tableSectors = Math.ceil((128 * 128) / this.sectorBytes)
    const backupTable = last - tableSectors
    entries.forEach((entry, index) => this.gptEntry(2, index, entry).gptEntry(backupTable, index, entry))
    return this.record(0, [{type: 0xee, firstLba: 1, sectors: last}])
      .gptHeader(1, last, 2)
      .gptHeader(last, 1, backupTable)
  }
}

/** Linux filesystem data, 0FC63DAF-8483-4772-8E79-3D69D8477DE4, as UEFI 2.10, appendix A puts it on disk. */
const LINUX = 'af3dc60f838472478e793d69d8477de4'

export interface GptEntry {
  readonly first: number | bigint
  readonly last: number | bigint
  readonly type?: string
  readonly own?: string
  readonly name?: string
  readonly attributes?: bigint
}
