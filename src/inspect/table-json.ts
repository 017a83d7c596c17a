import type {Partition, PartitionTable} from '../disk-layout/index.js'

/** The table as `sfdisk -J` prints it, key for key. @param device the name the nodes are made from */
export function sfdiskTable(table: PartitionTable, device: string): object {
  const {label, id, gpt, sectorBytes, partitions} = table
  return {
    label,
    id,
    device,
    unit: 'sectors',
    ...(gpt && {firstlba: gpt.firstUsableLba, lastlba: gpt.lastUsableLba}),
    sectorsize: sectorBytes,
    partitions: partitions.map((partition) => sfdiskPartition(partition, device)),
  }
}

/** A name that ends with a digit is kept apart from the number, as Linux does it. */
function sfdiskPartition(partition: Partition, device: string): object {
  const {number, firstLba, sectors, type, uuid, name, attributes, bootable} = partition
  return {
    node: `${device}${/\d$/.test(device) ? 'p' : ''}${number}`,
    start: firstLba,
    size: sectors,
    type,
    ...(uuid !== undefined && {uuid}),
    ...(name !== undefined && {name}),
    ...(attributes.length > 0 && {attrs: attributes.join(' ')}),
    ...(bootable && {bootable}),
  }
}
