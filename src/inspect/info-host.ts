import type {HostFacts, ImageUsers} from '../image/index.js'

/** Who uses an image, in a sentence. */
export function usersText(
  {holds, unshares, reason, processes, mountedOn}: ImageUsers,
  kind: HostFacts['kind'],
): string {
  const mounted = mountedOn === undefined ? [] : [`mounted on ${mountedOn}`]
  if (holds === undefined || unshares === undefined) return [...mounted, `cannot be told: ${reason}`].join('; ')
  if (holds.length + unshares.length === 0) {
    const nobody = 'nobody says so (no lock in the protocol of QEMU)'
    return [...mounted, ...(mounted.length > 0 ? [] : [nobody])].join('; ')
  }
  const who = processes.map(({pid, name}) => `${name} (process ${pid})`).join(', ') || `a process that cannot be seen`
  const does = holds.length > 0 ? `has this ${kind} open for ${holds.join(', ')}` : `has this ${kind} open`
  const keeps = unshares.length > 0 ? ` and does not share ${unshares.join(', ')}` : ''
  return [...mounted, `${who} ${does}${keeps}`].join('; ')
}

/** What the host means for cache modes, in a few lines; `modes --image` says all of it. */
export function hostRows({fileSystem, layers, direct, ioUring, assumptions}: HostFacts): (readonly [string, string])[] {
  const disks = layers
    .filter(({writeCache}) => writeCache !== undefined)
    .map(({name, writeCache, fua}) => `${name} with a ${writeCache} cache${fua ? ' and FUA' : ''}`)
  return [
    ...(fileSystem
      ? [['file system', `${fileSystem.name} on ${fileSystem.mountPoint}, barriers ${fileSystem.barriers}`] as const]
      : []),
    ...(disks.length > 0 ? [['disks', disks.join(', ')] as const] : []),
    [
      'O_DIRECT',
      direct.supported
        ? `in units of ${direct.alignmentBytes} bytes${direct.sizeFits ? '' : ', which the size is no multiple of'}`
        : `not available: ${direct.reason}`,
    ],
    ['io_uring', ioUring.available ? 'available' : `not available: ${ioUring.reason}`],
    ...assumptions.filter(({holds}) => holds === false).map(({why}) => ['but', why] as const),
  ]
}
